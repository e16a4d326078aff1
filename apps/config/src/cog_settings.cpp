#include <chrono>

#include "header_settings.hpp"
#include "settings_table.hpp"
#include "shunt/config/redact.hpp"
#include "value_kinds.hpp"

namespace shunt::config {

const std::vector<Setting<CogOptions>>& cog_settings() {
  using namespace std::chrono_literals;
  using kind::Bytes;
  using kind::Count;
  using kind::Duration;
  using kind::Text;
  using Options = CogOptions;
  static const std::vector<Setting<Options>> kSettings = [] {
    std::vector<Setting<Options>> settings = {
        setting<Options>("base_url", Text{Text::Empty::kRefused}, &Options::base_url,
                         "The container, as in `http://127.0.0.1:5000`; `/predictions/ID` is added.")
            .secret([](const Options& o) { return in_quotes(redacted_url(o.base_url)); })
            .required(),
    };
    add_header_settings(settings);
    settings.insert(
        settings.end(),
        {
            setting<Options>(
                "proxy", Text{}, &Options::proxy,
                "An HTTP proxy, as in `http://proxy:3128`. `http_proxy` and its like are ignored.")
                .secret([](const Options& o) { return in_quotes(redacted_url(o.proxy)); }),
            setting<Options>("connect_timeout", Duration{1ms, 1h}, &Options::connect_timeout,
                             "Name look-up, TCP and TLS."),
            setting<Options>(
                "max_loading_wait", Duration{0ms, 24h}, &Options::max_loading_wait,
                "A container that still runs its setup is asked again for so long, within the deadline."),
            setting<Options>("max_busy_wait", Duration{0ms, 24h}, &Options::max_busy_wait,
                             "The same of one whose prediction slots are all in use."),
            setting<Options>("max_retries", Count{0, 100}, &Options::max_retries,
                             "Further attempts where the container did not answer."),
            setting<Options>("retry_backoff", Duration{0ms, 1h}, &Options::retry_backoff,
                             "Before the first retry; doubles with each, with jitter."),
            setting<Options>("max_response_bytes", Bytes{1}, &Options::max_response_bytes,
                             "The answer as it travels, with the files in it."),
        });
    return settings;
  }();
  return kSettings;
}

}  // namespace shunt::config
