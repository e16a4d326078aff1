#include "otlp_json.hpp"

#include <gtest/gtest.h>

#include "shunt/base/json.hpp"

namespace shunt::tracing {
namespace {

Resource service() {
  Resource resource;
  resource.attributes = {{"service.name", "shunt"}};
  resource.scope_version = "1.2.3";
  return resource;
}

Span span_with_everything() {
  Span span;
  span.context = *parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  span.parent = SpanId{0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF};
  span.parent_is_remote = true;
  span.trace_state = "vendor=x";
  span.name = "run \"speech\"";
  span.kind = SpanKind::kConsumer;
  span.start = SpanTime(std::chrono::nanoseconds(1'764'000'000'123'456'789));
  span.end = span.start + std::chrono::microseconds(1500);
  span.attributes = {{"text", std::string("a")},
                     {"number", std::int64_t{9'007'199'254'740'993}},
                     {"real", 0.5},
                     {"yes", true}};
  span.events = {{"accepted", span.start}};
  span.failure = "model_busy";
  return span;
}

std::string spans_of(const std::string& request) {
  const auto json = parse_json(request);
  if (!json) return json.error().message;
  return to_json_text(json->at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans"));
}

TEST(OtlpJson, has_resource_and_scope_around_the_spans) {
  EXPECT_EQ(encode_request(service(), {}),
            R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":)"
            R"({"stringValue":"shunt"}}]},"scopeSpans":[{"scope":{"name":"shunt","version":"1.2.3"},)"
            R"("spans":[]}]}]})");
}

TEST(OtlpJson, writes_ids_in_hex_64_bit_integers_as_text_and_enumerations_as_numbers) {
  const Span span = span_with_everything();
  EXPECT_EQ(spans_of(encode_request(service(), {&span, 1})),
            R"([{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331",)"
            R"("traceState":"vendor=x","parentSpanId":"0123456789abcdef","flags":769,)"
            R"("name":"run \"speech\"","kind":5,"startTimeUnixNano":"1764000000123456789",)"
            R"("endTimeUnixNano":"1764000000124956789","attributes":[)"
            R"({"key":"text","value":{"stringValue":"a"}},)"
            R"({"key":"number","value":{"intValue":"9007199254740993"}},)"
            R"({"key":"real","value":{"doubleValue":0.5}},{"key":"yes","value":{"boolValue":true}}],)"
            R"("events":[{"timeUnixNano":"1764000000123456789","name":"accepted"}],)"
            R"("status":{"message":"model_busy","code":2}}])");
}

TEST(OtlpJson, leaves_out_what_a_span_does_not_have) {
  Span span = span_with_everything();
  span.parent.reset();
  span.parent_is_remote = false;
  span.trace_state.clear();
  span.attributes.clear();
  span.events.clear();
  span.failure.reset();
  const std::vector<Span> two{span, span};
  const std::string each =
      R"({"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","flags":257,)"
      R"("name":"run \"speech\"","kind":5,"startTimeUnixNano":"1764000000123456789",)"
      R"("endTimeUnixNano":"1764000000124956789","attributes":[],"status":{}})";
  EXPECT_EQ(spans_of(encode_request(service(), two)), '[' + each + ',' + each + ']');
}

TEST(OtlpJson, is_valid_whatever_texts_and_numbers_come) {
  Span span = span_with_everything();
  span.name = "broken \xFF name";
  span.attributes = {{"real", std::numeric_limits<double>::infinity()}};
  EXPECT_NE(spans_of(encode_request(service(), {&span, 1})).find("\"doubleValue\":0"), std::string::npos);
}

TEST(OtlpAnswer, tells_how_many_spans_were_rejected) {
  const struct {
    std::string_view body;
    std::size_t rejected;
  } cases[] = {
      {"", 0},
      {"{}", 0},
      {"<html>", 0},
      {R"({"partialSuccess":{}})", 0},
      {R"({"partialSuccess":null})", 0},
      {R"({"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}})", 3},
      {R"({"partialSuccess":{"rejectedSpans":3}})", 3},
      {R"({"partialSuccess":{"rejectedSpans":-3}})", 0},
      {R"({"partialSuccess":{"rejectedSpans":"3x"}})", 0},
  };
  for (const auto& c : cases) EXPECT_EQ(rejected_spans(c.body), c.rejected) << c.body;
}

}  // namespace
}  // namespace shunt::tracing
