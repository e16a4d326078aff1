#include "shunt/tracing/trace_context.hpp"

#include <gtest/gtest.h>

#include <set>

namespace shunt::tracing {
namespace {

constexpr std::string_view kParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TraceId id_with_last_byte(std::uint8_t first_of_upper, std::uint8_t eighth) {
  TraceId id{};
  id[0] = first_of_upper;
  id[8] = eighth;
  return id;
}

TEST(TraceContext, is_read_and_written_as_it_was) {
  const auto context = parse_traceparent(kParent);
  ASSERT_TRUE(context);
  EXPECT_TRUE(context->sampled());
  EXPECT_EQ(format_traceparent(*context), kParent);
}

TEST(TraceContext, of_a_later_version_is_read_as_version_0) {
  const auto context = parse_traceparent("42-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
  ASSERT_TRUE(context);
  EXPECT_FALSE(context->sampled());
}

TEST(TraceContext, that_is_broken_is_none) {
  for (const std::string_view text : {
           "",
           "00",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
           "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-00000000000000000000000000000000-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
           "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
           "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
       }) {
    EXPECT_FALSE(parse_traceparent(text)) << text;
  }
}

TEST(TraceContext, ids_are_new_each_time) {
  std::set<TraceId> traces;
  std::set<SpanId> spans;
  for (int i = 0; i < 1000; ++i) {
    traces.insert(new_trace_id());
    spans.insert(new_span_id());
  }
  EXPECT_EQ(traces.size(), 1000U);
  EXPECT_EQ(spans.size(), 1000U);
  EXPECT_FALSE(traces.contains(TraceId{}));
  EXPECT_FALSE(spans.contains(SpanId{}));
}

TEST(Sampling, goes_by_the_last_8_bytes_of_the_trace_id) {
  const struct {
    std::uint8_t upper;
    std::uint8_t eighth;
    double ratio;
    bool sampled;
  } cases[] = {
      {0xFF, 0x00, 0.0, false}, {0xFF, 0xFF, 1.0, true},  {0xFF, 0x00, 1e-9, true},  {0x00, 0x7F, 0.5, true},
      {0x00, 0x80, 0.5, false}, {0x00, 0x3F, 0.25, true}, {0x00, 0x40, 0.25, false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(is_sampled(id_with_last_byte(c.upper, c.eighth), c.ratio), c.sampled)
        << int{c.eighth} << " at " << c.ratio;
  }
}

TEST(Sampling, takes_about_its_part_of_new_traces) {
  int sampled = 0;
  for (int i = 0; i < 10'000; ++i) sampled += child_of(std::nullopt, 0.3).sampled() ? 1 : 0;
  EXPECT_NEAR(sampled, 3000, 300);  // more than six standard deviations
}

TEST(Sampling, keeps_an_incoming_decision) {
  auto parent = parse_traceparent(kParent);
  const TraceContext yes = child_of(parent, 0);
  EXPECT_TRUE(yes.sampled());
  EXPECT_EQ(yes.trace_id, parent->trace_id);
  EXPECT_NE(yes.span_id, parent->span_id);
  parent->flags = 0;
  EXPECT_FALSE(child_of(parent, 1).sampled());
}

}  // namespace
}  // namespace shunt::tracing
