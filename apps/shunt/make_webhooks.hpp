#pragma once

#include <memory>
#include <string>

#include "namespace.hpp"
#include "shunt/base/fault_log.hpp"
#include "shunt/base/result.hpp"
#include "shunt/config/configuration.hpp"
#include "shunt/executor/generation_executor.hpp"
#include "shunt/webhooks/webhooks.hpp"

namespace shunt::app {

// Those of the service, and of its keys that have their own.
[[nodiscard]] webhooks::WebhookKeys webhook_keys(const config::Configuration& configuration);
// Fails with `invalid_configuration` where a key's webhook is none that a request could name.
[[nodiscard]] Result<void> check_webhooks(const config::Configuration& configuration);

// nullptr: nothing is configured that signs. Says in the log where they do not outlive the process. URLs in
// messages are signed with `url_secret`.
[[nodiscard]] std::unique_ptr<webhooks::Webhooks> make_webhooks(const config::Configuration& configuration,
                                                                executor::GenerationExecutor& executor,
                                                                FaultLog& faults,
                                                                const std::string& url_secret);

}  // namespace shunt::app
