#include "process_figures.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "metric_families.hpp"

namespace shunt::app {
namespace {

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total_pages = 0;
  double resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double open_descriptors() {
  std::error_code failure;
  const std::filesystem::directory_iterator listing("/proc/self/fd", failure);
  if (failure) return 0;
  // One of them is the listing's own.
  return static_cast<double>(std::distance(begin(listing), end(listing)) - 1);
}

// Seconds since the epoch at which the machine started.
double boot_time() {
  std::ifstream stat("/proc/stat");
  std::string word;
  while (stat >> word) {
    double seconds = 0;
    if (word == "btime" && stat >> seconds) return seconds;
  }
  return 0;
}

double started_at() {
  std::ifstream stat("/proc/self/stat");
  std::string text(std::istreambuf_iterator<char>(stat), {});
  // The second field is the program's name in brackets and may hold anything; the start, in clock ticks since
  // boot, is the 22nd (proc(5)), so the 20th after the name.
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int i = 0; i < 19; ++i) fields >> skipped;
  double ticks = 0;
  fields >> ticks;
  return boot_time() + ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

ProcessFigures read_process_figures() {
  return {resident_bytes(), open_descriptors(), started_at()};
}

std::string process_metrics_text() {
  const ProcessFigures process = read_process_figures();
  GaugeReading resident("process_resident_memory_bytes", "Resident memory");
  GaugeReading descriptors("process_open_fds", "Open file descriptors");
  GaugeReading started("process_start_time_seconds", "Start of the process, Unix time");
  return metrics_text({resident.add(process.resident_bytes).family(),
                       descriptors.add(process.open_descriptors).family(),
                       started.add(process.started_at).family()});
}

}  // namespace shunt::app
