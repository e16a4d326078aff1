#pragma once

#include <string>
#include <string_view>

#include "payload.hpp"
#include "shunt/base/result.hpp"
#include "shunt/webhooks/delivery.hpp"
#include "shunt/webhooks/namespace.hpp"

// What lies in Redis of webhooks, as JSON (docs/contract/ends.md). The readers refuse what is malformed with
// `broken_record`, and pass over members that they do not know, which a later version may write. Pure.
namespace shunt::webhooks {

[[nodiscard]] std::string encode_hook(const Hook& hook);
// `generation`: the key that it lies under.
[[nodiscard]] Result<Hook> decode_hook(const GenerationId& generation, std::string_view text);

// The data of a delivery's job. Its id is the job's, its type the job's name.
[[nodiscard]] std::string encode_message(const Message& message);
[[nodiscard]] Result<Message> decode_message(std::string id, std::string type, std::string_view text);

// A line of a delivery's log.
[[nodiscard]] std::string encode_attempt(const Attempt& attempt);
[[nodiscard]] Result<Attempt> decode_attempt(std::string_view text);

}  // namespace shunt::webhooks
