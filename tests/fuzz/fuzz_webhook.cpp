// What lies in Redis of webhooks, as whoever may write there leaves it, and an endpoint's Retry-After: what
// is read is written and read again as the same, can break no header, and asks for no more than a day.
#include "store/stored_forms.hpp"
#include "support/fuzzing.hpp"
#include "verdict.hpp"

using namespace shunt::base;
using namespace shunt::generation;
using namespace shunt::webhooks;
using shunt::fuzz::check;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto text = shunt::fuzz::text_of(data, size);
  if (const auto hook = decode_hook({}, text)) {
    const std::string written = encode_hook(*hook);
    const auto again = decode_hook({}, written);
    check(again.ok() && encode_hook(*again) == written, "a hook is read as it was written");
  }
  if (const auto message = decode_message("msg_1", "generation.failed", text)) {
    const std::string written = encode_message(*message);
    const auto again = decode_message("msg_1", "generation.failed", written);
    check(again.ok() && encode_message(*again) == written, "a message is read as it was written");
  }
  if (const auto message =
          decode_message(std::string(text), "t", R"({"generation":"","caller":"","url":"u","body":""})"))
    check(message->id.find_first_of("\r\n. ") == std::string::npos);
  if (const auto attempt = decode_attempt(text)) {
    const std::string written = encode_attempt(*attempt);
    const auto again = decode_attempt(written);
    check(again.ok() && encode_attempt(*again) == written, "an attempt is read as it was written");
  }
  const auto pause = read_retry_after(text, WallTime(std::chrono::milliseconds(1'700'000'000'000)));
  check(!pause || (pause->count() > 0 && *pause <= kMostRetryAfter));
  return 0;
}
