#include "span_buffer.hpp"

#include <gtest/gtest.h>

namespace shunt::tracing {
namespace {

Span span_named(std::string name) {
  Span span;
  span.name = std::move(name);
  return span;
}

SteadyTime at(int seconds) {
  return SteadyTime(std::chrono::seconds(seconds));
}

TEST(SpanBuffer, gives_the_oldest_first) {
  SpanBuffer buffer(10, 1 << 20);
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(buffer.push(span_named(name), at(1)));
  const auto batch = buffer.take(2);
  ASSERT_EQ(batch.size(), 2U);
  EXPECT_EQ(batch[0].name, "a");
  EXPECT_EQ(batch[1].name, "b");
  EXPECT_EQ(buffer.queued(), 1U);
}

TEST(SpanBuffer, counts_a_batch_under_way_until_it_is_released) {
  SpanBuffer buffer(2, 1 << 20);
  ASSERT_TRUE(buffer.push(span_named("a"), at(1)));
  ASSERT_TRUE(buffer.push(span_named("b"), at(2)));
  EXPECT_FALSE(buffer.push(span_named("c"), at(3)));
  (void)buffer.take(2);
  EXPECT_EQ(buffer.held(), 2U);
  EXPECT_FALSE(buffer.push(span_named("d"), at(4)));
  buffer.release();
  EXPECT_EQ(buffer.held(), 0U);
  EXPECT_TRUE(buffer.push(span_named("e"), at(5)));
  EXPECT_EQ(buffer.oldest(), at(5));
}

TEST(SpanBuffer, is_bounded_by_memory_too) {
  const std::size_t each = approximate_bytes(span_named(std::string(1000, 'x')));
  SpanBuffer buffer(100, 2 * each);
  EXPECT_TRUE(buffer.push(span_named(std::string(1000, 'x')), at(1)));
  EXPECT_TRUE(buffer.push(span_named(std::string(1000, 'y')), at(1)));
  EXPECT_FALSE(buffer.push(span_named("z"), at(1)));
  (void)buffer.take(1);
  EXPECT_FALSE(buffer.push(span_named("z"), at(1)));
  buffer.release();
  EXPECT_TRUE(buffer.push(span_named("z"), at(1)));
}

TEST(SpanBuffer, counts_the_text_of_attributes) {
  Span span;
  const std::size_t before = approximate_bytes(span);
  span.attributes.push_back({"key", std::string(500, 'x')});
  EXPECT_GE(approximate_bytes(span), before + 500);
}

}  // namespace
}  // namespace shunt::tracing
