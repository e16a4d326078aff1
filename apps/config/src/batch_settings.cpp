#include <chrono>

#include "general_setting.hpp"
#include "settings_table.hpp"
#include "value_kinds.hpp"

namespace shunt::config {
namespace {

using namespace std::chrono_literals;
using kind::Bytes;
using kind::Count;

template <typename Value>
auto batches(Value api::BatchOptions::* member) {
  return [member](auto& target) -> auto& { return target.server.batches.*member; };
}

constexpr std::size_t kMiB = std::size_t{1} << 20U;

}  // namespace

std::vector<Setting<Configuration>> batch_settings() {
  using api::BatchOptions;
  std::vector<Setting<Configuration>> made;
  made.push_back(general("batches.max_lines", Count{1, 100'000}, batches(&BatchOptions::max_lines),
                         "Of an input file; one with more fails when it is checked.")
                     .live());
  made.push_back(general("batches.max_line_bytes", Bytes{1, 16 * kMiB},
                         batches(&BatchOptions::max_line_bytes), "Of one line.")
                     .live());
  made.push_back(general("batches.max_bytes", Bytes{1, 1024 * kMiB}, batches(&BatchOptions::max_bytes),
                         "Of an input file; a batch of a larger one gets 400.")
                     .live());
  made.push_back(general("batches.concurrency", Count{1, 1000}, batches(&BatchOptions::concurrency),
                         "How many lines of one batch run at once.")
                     .live());
  made.push_back(general("batches.concurrency_per_key", Count{1, 10'000},
                         batches(&BatchOptions::concurrency_per_key),
                         "How many lines of all batches of a key run at once, in one process. Without keys "
                         "everybody is one.")
                     .live());
  made.push_back(general("batches.max_open_per_key", Count{1, 1000}, batches(&BatchOptions::max_open_per_key),
                         "How many batches of a key may be there that have not ended; more get 429.")
                     .live());
  made.push_back(
      general("batches.retention", kind::Duration{1min, 24h * 3650}, batches(&BatchOptions::retention),
              "How long a batch is shown after its end, the newest 1,000 of a key. Its files have a "
              "life of their own.")
          .live());
  return made;
}

}  // namespace shunt::config
