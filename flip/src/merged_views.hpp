#pragma once

#include "shunt/executor/generation_executor.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/state.hpp"

// What two executors tell of themselves, as one executor would. Pure.
namespace shunt::flip {

// The page after the same cursor of both, newest first, without doubles. Where one of the two pages ends
// before all was told, so does the merged one: what the other has beyond that comes with the next page.
[[nodiscard]] executor::RecordPage merge(executor::RecordPage a, executor::RecordPage b, std::size_t limit);

// Where new work goes in a state: to one of them, or to either by its bucket.
enum class Traffic { kSync, kSplit, kQueue };
[[nodiscard]] Traffic traffic_of(FlipState state) noexcept;

// Open generations add up. Workers and slots are those that new work may go to: the queue's as soon as some
// of it does, and this process's own otherwise.
[[nodiscard]] std::vector<executor::ModelDescription> merge_models(
    std::vector<executor::ModelDescription> sync, std::vector<executor::ModelDescription> queue,
    Traffic traffic);
[[nodiscard]] executor::Fleet merge(executor::Fleet sync, executor::Fleet queue, Traffic traffic);

// A queue that cannot be reached makes a process unready where all new work goes through it, and is a warning
// elsewhere: while a share is split off, the rest is served all the same.
[[nodiscard]] executor::ExecutorDescription merge(executor::ExecutorDescription sync,
                                                  executor::ExecutorDescription queue, FlipState state);

}  // namespace shunt::flip
