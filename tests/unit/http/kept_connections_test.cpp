#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>

#include "scripted_server.hpp"
#include "shunt/base/event_loop.hpp"
#include "shunt/http/client.hpp"

namespace shunt::http {
namespace {

using namespace std::chrono_literals;

struct Answer {
  TransferEnd::How how;
  std::string body;
};

class Collector final : public TransferHandler {
 public:
  void on_connected() override {}
  void on_head(const ResponseHead&) override {}
  void on_body(std::string_view bytes) override { answer_.body.append(bytes); }
  void on_end(const TransferEnd& end) override {
    answer_.how = end.how;
    ended_.set_value(answer_);
  }
  [[nodiscard]] std::future<Answer> answer() { return ended_.get_future(); }

 private:
  Answer answer_{};
  std::promise<Answer> ended_;
};

Answer ask(EventLoop& loop, const std::string& url) {
  const auto collector = std::make_shared<Collector>();
  auto answer = collector->answer();
  Transfer transfer;
  loop.run_on_thread([&] {
    ClientRequest request;
    request.url = url;
    // When it waits for none of its sockets, libcurl looks at them once the time to connect is over.
    request.connect_timeout = 60s;
    request.total_timeout = 15s;
    transfer = start_transfer(loop, std::move(request), collector);
  });
  Answer given = answer.get();
  loop.run_on_thread([&] { transfer.cancel(); });
  return given;
}

void give_hello(ScriptedServer::Socket& socket) {
  ScriptedServer::read_header(socket);
  ScriptedServer::send(socket, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
}

// libcurl closes it and asks again on a new connection before it returns, so the new descriptor has the
// number of the old one.
TEST(KeptConnections, OneThatDiesIsReplacedByOneThatIsListenedTo) {
  const ScriptedServer server({[](ScriptedServer::Socket& socket) {
                                 give_hello(socket);
                                 ScriptedServer::read_header(socket);
                               },
                               give_hello});
  EventLoopThreads loops(1);
  for (int request = 0; request < 2; ++request) {
    const Answer answer = ask(loops.at(0), server.url());
    EXPECT_EQ(answer.how, TransferEnd::How::kComplete) << request;
    EXPECT_EQ(answer.body, "hello") << request;
  }
}

}  // namespace
}  // namespace shunt::http
