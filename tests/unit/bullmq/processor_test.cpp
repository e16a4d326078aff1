// What a worker can call, as it is made into the two kinds of processor.
#include "bullmq/processor.hpp"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/describe/class.hpp>
#include <exception>
#include <string>
#include <type_traits>

#include "bullmq/blocking_job.hpp"
#include "bullmq/json.hpp"

namespace bullmq {
namespace {

struct Mail {
  std::string to;
};
BOOST_DESCRIBE_STRUCT(Mail, (), (to))

struct Stranger {};

awaitable<std::string> text(Job, std::stop_token) {
  co_return "{\"a\":1}";
}
awaitable<void> nothing(Job, std::stop_token) {
  co_return;
}
awaitable<Mail> value(Job, std::stop_token) {
  co_return Mail{"ada"};
}
awaitable<JsonText> checked(Job, std::stop_token) {
  co_return to_json_text("ada");
}
std::string blocking_text(blocking::Job&, std::stop_token) {
  return "1";
}

static_assert(detail::CoroutineProcessor<decltype(&text)> && !detail::ThreadProcessor<decltype(&text)>);
static_assert(detail::CoroutineProcessor<decltype(&nothing)>);
static_assert(detail::CoroutineProcessor<decltype(&value)>);
static_assert(detail::ThreadProcessor<decltype(&blocking_text)> &&
              !detail::CoroutineProcessor<decltype(&blocking_text)>);
static_assert(std::is_same_v<decltype(detail::make_processor(&value)), Processor>);
static_assert(std::is_same_v<decltype(detail::make_processor(&blocking_text)), BlockingProcessor>);

template <typename F>
concept AProcessor = detail::CoroutineProcessor<F> || detail::ThreadProcessor<F>;
static_assert(!AProcessor<decltype([](int) {})>);
static_assert(
    !AProcessor<decltype([](Job, std::stop_token) -> awaitable<Stranger> { co_return Stranger(); })>);
static_assert(!AProcessor<decltype([](blocking::Job&, std::stop_token) { return Stranger(); })>);
static_assert(!AProcessor<decltype([](Job, std::stop_token) { return 1; })>);

// What the processor returns, or the words of what it throws.
std::string outcome_of(const Processor& process, std::string data = "{}") {
  boost::asio::io_context loop;
  JobRecord record;
  record.data = std::move(data);
  std::string outcome;
  const auto told = [&](std::exception_ptr failure, std::string result) {
    outcome = std::move(result);
    if (!failure) return;
    try {
      std::rethrow_exception(failure);
    } catch (const ProcessorError& error) {
      outcome = error.name() + ": " + error.what();
    } catch (const std::exception& error) {
      outcome = error.what();
    }
  };
  try {
    boost::asio::co_spawn(loop, process(Job(nullptr, record), std::stop_token()), told);
    loop.run();
  } catch (...) {
    told(std::current_exception(), {});
  }
  return outcome;
}

TEST(Processor, IsMadeOfACoroutineThatReturnsTextAValueOrNothing) {
  EXPECT_EQ(outcome_of(detail::make_processor(&text)), "{\"a\":1}");
  EXPECT_EQ(outcome_of(detail::make_processor(&value)), "{\"to\":\"ada\"}");
  EXPECT_EQ(outcome_of(detail::make_processor(&checked)), "\"ada\"");
  EXPECT_EQ(outcome_of(detail::make_processor(&nothing)), "null");
}

TEST(Processor, GetsTheDataAsAValue) {
  const auto with_job = [](Mail mail, Job job, std::stop_token) -> awaitable<std::string> {
    co_return to_json_text(mail.to + job.id());
  };
  EXPECT_EQ(outcome_of(detail::make_processor(with_data<Mail>(with_job)), R"({"to":"ada"})"), "\"ada\"");
  const auto alone = [](Mail mail) -> awaitable<int> { co_return static_cast<int>(mail.to.size()); };
  EXPECT_EQ(outcome_of(detail::make_processor(with_data<Mail>(alone)), R"({"to":"ada"})"), "3");
}

TEST(Processor, FailsForGoodForDataOfAnotherShape) {
  const auto alone = [](Mail mail) -> awaitable<int> { co_return static_cast<int>(mail.to.size()); };
  for (const char* data : {"{}", "7", R"({"to":7})"}) {
    EXPECT_TRUE(outcome_of(detail::make_processor(with_data<Mail>(alone)), data)
                    .starts_with("UnrecoverableError: the JSON is not what was expected: "))
        << data;
  }
}

TEST(BlockingProcessor, IsMadeOfAFunctionThatReturnsTextAValueOrNothing) {
  blocking::Job job(nullptr);
  const auto run = [&](const BlockingProcessor& process) { return process(job, std::stop_token()); };
  EXPECT_EQ(run(detail::make_blocking_processor(&blocking_text)), "1");
  EXPECT_EQ(run(detail::make_blocking_processor([](blocking::Job&, std::stop_token) { return 7; })), "7");
  EXPECT_EQ(run(detail::make_blocking_processor([](blocking::Job&, std::stop_token) {})), "null");
}

}  // namespace
}  // namespace bullmq
