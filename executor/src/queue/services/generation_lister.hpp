#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "queue/services/queue_context.hpp"
#include "shunt/executor/namespace.hpp"
#include "shunt/executor/redis/periodic_duty.hpp"

namespace shunt::executor {

// Lists generations: which ones a page has is found by fields of their records; then the records themselves
// are read, so many at a time as are small together. Now and then it enters into the lists what processes of
// the version before have made. One thread: the loop's.
class GenerationLister {
 public:
  explicit GenerationLister(QueueContext& context) : context_(context) {}
  void start();
  void stop();

  bullmq::awaitable<Result<RecordPage>> list(ListQuery query);

 private:
  struct Choice {
    std::vector<std::string> ids;  // one more than asked for, where there is a next page
    std::string next;              // where the search goes on; "" = that was all
  };
  bullmq::awaitable<Result<Choice>> choose(const ListQuery& query);
  bullmq::awaitable<Result<ListAnswer>> search(const ListQuery& query, std::string before,
                                               std::size_t wanted);
  bullmq::awaitable<std::size_t> read_summaries(const ListQuery& query,
                                                const std::vector<std::string>& chosen, std::size_t& at,
                                                std::vector<GenerationRecord>& records);
  bullmq::awaitable<void> adopt(int calls);

  QueueContext& context_;
  PeriodicDuty adopting_;
};

}  // namespace shunt::executor
