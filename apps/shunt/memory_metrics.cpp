#include "memory_metrics.hpp"

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "metric_families.hpp"

namespace shunt::app {

std::string memory_metrics_text(const MemoryBudget& memory) {
  GaugeReading limit("shunt_memory_limit_bytes", "What callers may make this process hold (memory.limit)");
  GaugeReading share("shunt_memory_share_bytes", "The part of it that belongs to one share");
  GaugeReading held("shunt_memory_bytes", "What a share holds now");
  GaugeReading refused("shunt_memory_refused", "Times that something did not fit its share, since the start");
  limit.add(static_cast<double>(memory.limit()));
  for (std::size_t i = 0; i < kMemoryShares; ++i) {
    const auto which = static_cast<MemoryShare>(i);
    const prometheus::Labels labels{{"share", std::string(to_string(which))}};
    share.add(static_cast<double>(memory.capacity(which)), labels);
    held.add(static_cast<double>(memory.used(which)), labels);
    refused.add(static_cast<double>(memory.refused(which)), labels);
  }
  return metrics_text({limit.family(), share.family(), held.family(), refused.family()});
}

void give_memory_back_to_the_system() {
#ifdef __GLIBC__
  // Setting any of the two also ends their growing by themselves: after one large block was freed, glibc
  // would take blocks of up to 32 MiB from the heap, where one small one behind them keeps them all.
  constexpr int kMapFrom = 128 * 1024;
  constexpr int kTrimFrom = 512 * 1024;
  constexpr int kArenas = 4;
  (void)::mallopt(M_MMAP_THRESHOLD, kMapFrom);
  (void)::mallopt(M_TRIM_THRESHOLD, kTrimFrom);
  (void)::mallopt(M_ARENA_MAX, kArenas);
#endif
}

}  // namespace shunt::app
