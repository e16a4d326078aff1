#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <future>
#include <stdexcept>

#include "blocking/loop.hpp"

namespace bullmq::blocking {
namespace {

ConnectionOptions nobody_there() {
  ConnectionOptions options;
  options.address = {"127.0.0.1", 1};
  return options;
}

TEST(ClientThread, GoesOnAfterAnExceptionThatNobodyCaughtAndCountsIt) {
  const Client client(nobody_there());
  EXPECT_EQ(client.stray_errors(), 0U);
  boost::asio::post(*client.loop()->context, [] { throw std::logic_error("a fault of the library"); });
  std::promise<void> later;
  boost::asio::post(*client.loop()->context, [&later] { later.set_value(); });
  later.get_future().wait();
  EXPECT_EQ(client.stray_errors(), 1U);
}

}  // namespace
}  // namespace bullmq::blocking
