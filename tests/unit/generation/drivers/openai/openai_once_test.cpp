// Where a request may be sent again, under either choice of the model: every place where it can be cut.
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <thread>

#include "drivers/openai/retry_policy.hpp"
#include "openai_fixture.hpp"

namespace shunt::generation {
namespace {

using namespace std::chrono_literals;
using boost::asio::ip::tcp;
using testing::OpenAiTest;

TEST(RetryPolicySetback, IsWhatTheAttemptProves) {
  using openai::FailedAttempt;
  using openai::RequestProgress;
  struct Row {
    FailedAttempt attempt;
    Setback setback;
  };
  const Row table[] = {
      {{.progress = RequestProgress::kNotConnected}, Setback::kNotConnected},
      {{.progress = RequestProgress::kNotWritten}, Setback::kNotWritten},
      {{}, Setback::kWritten},
      {{.status = 429}, Setback::kRateLimited},
      {{.status = 503, .loading = true}, Setback::kLoading},
      {{.status = 500, .loading = true}, Setback::kAnswered},
      {{.status = 503}, Setback::kAnswered},
      {{.status = 502}, Setback::kAnswered},
      {{.status = 504}, Setback::kAnswered},
  };
  for (const Row& row : table) {
    EXPECT_EQ(setback_of(row.attempt), row.setback) << row.attempt.status;
  }
}

void twice(OpenAiOptions& options) {
  options.max_retries = 2;
}

class OpenAiOnceTest : public OpenAiTest {
 protected:
  // The server counts the calls of each choice apart.
  std::string given(const std::string& mode, OnLost on_lost) {
    const char* const separator = mode.find('?') == std::string::npos ? "?" : "&";
    std::string name = mode + separator + "on_lost=" + std::string(on_lost_name(on_lost));
    on_lost_ = on_lost;
    given_model(name, twice);
    return name;
  }
};

TEST_F(OpenAiOnceTest, IsAskedAgainOnlyWhereNothingCanHaveBegun) {
  struct Row {
    const char* mode;
    int rerun;
    int fail;
  };
  const Row table[] = {
      {"rate_limited?times=1", 2, 2},
      {"loading?times=1", 2, 2},
      {"reset?times=1", 2, 1},  // after the request's last byte
      {"close", 3, 1},
      {"half", 1, 1},
      {"reset_mid", 1, 1},
      {"status?code=500&times=1", 1, 1},
      {"status?code=502&times=1", 2, 1},
      {"status?code=503&times=1", 2, 1},
      {"status?code=504&times=1", 2, 1},
  };
  for (const Row& row : table) {
    given(row.mode, OnLost::kRerun);
    given(row.mode, OnLost::kFail);
  }
  std::size_t model = 0;
  for (const Row& row : table) {
    run(model);
    // More where a kept connection was closed: libcurl sends it again by itself.
    EXPECT_GE(calls(upstream_names_.at(model++)), row.rerun) << row.mode;
    run(model);
    EXPECT_EQ(calls(upstream_names_.at(model++)), row.fail) << row.mode;
  }
}

TEST_F(OpenAiOnceTest, IsAskedAgainWhereNobodyListens) {
  on_lost_ = OnLost::kFail;
  const auto record = run_once("ok", [](OpenAiOptions& options) {
    boost::asio::io_context context;
    const tcp::acceptor closed(context, {boost::asio::ip::make_address("127.0.0.1"), 0});
    options.base_url = "http://127.0.0.1:" + std::to_string(closed.local_endpoint().port());
    options.max_retries = 2;
  });
  EXPECT_EQ(record.error->code, error_code::kUpstreamUnreachable);
  EXPECT_EQ(record.error->details.at("attempts"), 3);
}

// Where a server closes a kept connection libcurl sends the request again by itself, although the first one
// may have arrived.
TEST_F(OpenAiOnceTest, HasAConnectionOfItsOwn) {
  const std::string rerun = given("ok", OnLost::kRerun);
  const std::string fail = given("ok", OnLost::kFail);
  for (const std::size_t model : {0U, 0U, 1U, 1U}) EXPECT_EQ(run(model).state, GenerationState::kSucceeded);
  EXPECT_EQ(seen(rerun).at("connections"), 1);
  EXPECT_EQ(seen(fail).at("connections"), 2);
}

// Takes connections, reads a little of each request, and resets them.
class HalfReader {
 public:
  HalfReader() : acceptor_(context_, tcp::v4()) {
    acceptor_.set_option(boost::asio::socket_base::receive_buffer_size(4096));
    acceptor_.bind({boost::asio::ip::make_address("127.0.0.1"), 0});
    acceptor_.listen();
    thread_ = std::thread([this] {
      boost::system::error_code failure;
      while (!stopped_) {
        tcp::socket socket(context_);
        acceptor_.accept(socket, failure);
        if (failure || stopped_) return;
        ++taken_;
        std::array<char, 1000> some{};
        socket.read_some(boost::asio::buffer(some), failure);
        socket.set_option(boost::asio::socket_base::linger(true, 0), failure);
        socket.close(failure);
      }
    });
  }
  ~HalfReader() {
    stopped_ = true;
    boost::system::error_code ignored;
    tcp::socket(context_).connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  [[nodiscard]] std::string url() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  [[nodiscard]] int taken() const { return taken_; }

 private:
  boost::asio::io_context context_;
  tcp::acceptor acceptor_;
  std::thread thread_;
  std::atomic<int> taken_{0};
  std::atomic<bool> stopped_{false};
};

TEST_F(OpenAiOnceTest, IsAskedAgainWhereTheRequestWasCutBeforeItsLastByte) {
  HalfReader reader;
  on_lost_ = OnLost::kFail;
  given_model("cut", [&reader](OpenAiOptions& options) {
    options.base_url = reader.url();
    options.max_retries = 2;
  });
  GenerationRequest large;
  // More than both machines' buffers hold.
  large.input = JsonObject{{"prompt", std::string(24'000'000, 'x')}};
  const auto record = run(0, large);
  EXPECT_EQ(record.error->code, error_code::kUpstreamBroken);
  EXPECT_EQ(reader.taken(), 3);
}

}  // namespace
}  // namespace shunt::generation
