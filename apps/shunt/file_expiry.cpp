#include "file_expiry.hpp"

#include <chrono>
#include <exception>

#include "shunt/base/clock.hpp"
#include "shunt/base/log.hpp"

namespace shunt::app {
namespace {

// The store is looked at in 256 parts; an idle process wakes rarely.
constexpr std::chrono::seconds kInterval{60};
constexpr int kPartsAtOnce = 32;
constexpr std::string_view kDuty = "expire_files";

}  // namespace

FileExpiry::FileExpiry(FileStore& store, FaultLog& faults)
    : store_(store), faults_(faults), thread_([this](const std::stop_token& stop) { run(stop); }) {}

std::string FileExpiry::metrics_text() const {
  return "# HELP shunt_files_expired_total Files' records and bytes that this process has removed in time\n"
         "# TYPE shunt_files_expired_total counter\n"
         "shunt_files_expired_total " +
         std::to_string(expired_.load(std::memory_order_relaxed)) + '\n';
}

void FileExpiry::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, kInterval, [] { return false; });
    for (int part = 0; part < kPartsAtOnce && !stop.stop_requested(); ++part) expire();
  }
}

void FileExpiry::expire() {
  try {
    const auto expired = store_.expire(system_clock().now());
    if (!expired) {
      faults_.note(FaultLog::Source::kDuty, kDuty, FaultLog::Kind::kFault, log_text(expired.error()));
      return;
    }
    expired_.fetch_add(*expired, std::memory_order_relaxed);
    if (*expired > 0) log::info("files.expired", {{"count", *expired}});
  } catch (const std::exception& fault) {
    faults_.note(FaultLog::Source::kDuty, kDuty, FaultLog::Kind::kFault, fault.what());
  }
}

}  // namespace shunt::app
