#include "shunt/base/log.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace shunt::base {
namespace {

TEST(Log, LinesOfThreadsStayWhole) {
  log::configure(log::Level::kInfo, log::Format::kText);
  ::testing::internal::CaptureStderr();
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([] {
      for (int i = 0; i < 50; ++i) log::info("test.line", {{"text", std::string(3000, 'x')}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string text = ::testing::internal::GetCapturedStderr();
  log::configure(log::Level::kOff, log::Format::kText);
  std::size_t lines = 0;
  for (std::size_t at = 0; at < text.size(); ++lines) {
    const std::size_t end = text.find('\n', at);
    ASSERT_NE(end, std::string::npos);
    const std::string line = text.substr(at, end - at);
    EXPECT_TRUE(line.ends_with("info  test.line text=" + std::string(3000, 'x'))) << line;
    at = end + 1;
  }
  EXPECT_EQ(lines, 200U);
}

}  // namespace
}  // namespace shunt::base
