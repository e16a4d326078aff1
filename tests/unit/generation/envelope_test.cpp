#include "shunt/generation/envelope.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "shunt/generation/error_codes.hpp"
#include "support/manual_clock.hpp"

namespace shunt::generation {
namespace {

Envelope full_envelope() {
  testing::ManualClock clock;
  GenerationIdSource ids(clock);
  Envelope envelope;
  envelope.id = ids.next();
  envelope.request.model = "speech";
  envelope.request.input = JsonObject{{"text", "h\u00e9llo"}, {"speed", 1.25}};
  envelope.request.caller = "key:web";
  envelope.request.context = {.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                              .tracestate = "a=b",
                              .tenant = "acme",
                              .baggage = {{"locale", "de"}},
                              .dialect = {{"name", "openai"}, {"store", false}},
                              .unknown = {{"region", "eu"}}};
  envelope.request.options = {
      .timeout = std::chrono::milliseconds(1500), .metadata = {{"order", 7}}, .unknown = {{"priority", 3}}};
  envelope.admission = {"sync", "queue_disabled"};
  envelope.created_at = clock.now();
  envelope.deadline = clock.now() + std::chrono::milliseconds(1500);
  envelope.unknown = {{"future", JsonArray{1, 2}}};
  return envelope;
}

TEST(Envelope, SurvivesEncodeAndDecodeWithMembersThatThisVersionDoesNotKnow) {
  const Envelope sent = full_envelope();
  const auto text = encode_envelope(sent);
  ASSERT_TRUE(text.ok()) << text.error().message;
  const auto received = decode_envelope(*text);
  ASSERT_TRUE(received.ok()) << received.error().message;
  EXPECT_EQ(received->id, sent.id);
  EXPECT_EQ(received->request.input, sent.request.input);
  EXPECT_EQ(received->request.context.baggage, sent.request.context.baggage);
  EXPECT_EQ(received->request.context.dialect, sent.request.context.dialect);
  EXPECT_EQ(received->request.options.timeout, sent.request.options.timeout);
  EXPECT_EQ(received->deadline, sent.deadline);
  EXPECT_EQ(received->unknown, sent.unknown);
  EXPECT_EQ(*encode_envelope(*received), *text);
}

TEST(Envelope, CarriesTheDecisionOfAFlip) {
  Envelope sent = full_envelope();
  EXPECT_EQ(encode_envelope(sent)->find("epoch"), std::string::npos) << "without a flip it is as it was";
  sent.admission = {"queue", "split", 7, 1234, "0123456789abcdef"};
  EXPECT_EQ(decode_envelope(*encode_envelope(sent))->admission, sent.admission);
  sent.admission = {"sync", "forced", 8};
  EXPECT_EQ(decode_envelope(*encode_envelope(sent))->admission, sent.admission);
}

TEST(Envelope, HasALaterVersionWhereItMustNotBeRunTwice) {
  Envelope sent = full_envelope();
  EXPECT_EQ(encode_envelope(sent)->find("on_lost"), std::string::npos) << "otherwise it is as it was";
  sent.on_lost = OnLost::kFail;
  const auto text = encode_envelope(sent);
  EXPECT_TRUE(text->starts_with("{\"v\":2,")) << *text;
  const auto received = decode_envelope(*text);
  ASSERT_TRUE(received.ok()) << received.error().message;
  EXPECT_EQ(received->on_lost, OnLost::kFail);
  EXPECT_EQ(received->version, 2);
  EXPECT_EQ(*encode_envelope(*received), *text);
  EXPECT_EQ(decode_envelope(encode_head(sent))->on_lost, OnLost::kFail);
}

const FileReference kCat{
    .sha256 = std::string(64, 'a'), .bytes = 1234, .media_type = "image/png", .filename = "c\u00e4t.png"};

TEST(Envelope, HasTheVersionOfFilesWhereItHasFiles) {
  Envelope sent = full_envelope();
  EXPECT_EQ(encode_envelope(sent)->find("files"), std::string::npos) << "otherwise it is as it was";
  sent.request.files = {{"image", kCat}};
  const auto text = encode_envelope(sent);
  EXPECT_TRUE(text->starts_with("{\"v\":3,")) << *text;
  const auto received = decode_envelope(*text);
  ASSERT_TRUE(received.ok()) << received.error().message;
  EXPECT_EQ(received->request.files, sent.request.files);
  EXPECT_EQ(received->version, 3);
  EXPECT_EQ(received->unknown, sent.unknown);
  EXPECT_EQ(*encode_envelope(*received), *text);
  EXPECT_EQ(decode_envelope(encode_head(sent))->request.files, sent.request.files);
  sent.on_lost = OnLost::kFail;
  EXPECT_TRUE(encode_envelope(sent)->starts_with("{\"v\":3,"));
  EXPECT_EQ(decode_envelope(*encode_envelope(sent))->on_lost, OnLost::kFail);
}

TEST(Envelope, HasTheNewestVersionWhereMessagesNameFiles) {
  const std::string id = "file-" + std::string(32, 'a');
  Envelope sent = full_envelope();
  sent.request.files = {{id, kCat}, {"image", kCat}};
  const auto text = encode_envelope(sent);
  EXPECT_TRUE(text->starts_with("{\"v\":4,")) << *text;
  EXPECT_EQ(decode_envelope(*text)->request.files, sent.request.files);
  Json older = parse_json(*text).value();
  older.at("v") = 3;
  const auto refused = decode_envelope(to_json_text(older));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().details.at("field"), "/files");
}

TEST(Envelope, FilesOfAnotherMakeAreReadStrictly) {
  const auto field_of = [](int version, JsonObject file) {
    Envelope sent = full_envelope();
    sent.request.files = {{"image", kCat}};
    Json envelope = parse_json(*encode_envelope(sent)).value();
    envelope.at("v") = version;
    for (auto& member : file) envelope.at("files").at("image").as_object()[member.key()] = member.value();
    const auto decoded = decode_envelope(to_json_text(envelope));
    return decoded ? std::string("(decoded)") : std::string(decoded.error().details.at("field").as_string());
  };
  EXPECT_EQ(field_of(3, {}), "(decoded)");
  EXPECT_EQ(field_of(1, {}), "/files");
  EXPECT_EQ(field_of(2, {}), "/files");
  EXPECT_EQ(field_of(3, {{"sha256", "../../etc/passwd"}}), "/files/image/sha256");
  EXPECT_EQ(field_of(3, {{"sha256", std::string(64, 'A')}}), "/files/image/sha256");
  EXPECT_EQ(field_of(3, {{"bytes", -1}}), "/files/image/bytes");
  EXPECT_EQ(field_of(3, {{"media_type", "image/png\r\nX: y"}}), "/files/image/media_type");
  EXPECT_EQ(field_of(3, {{"filename", std::string(256, 'a')}}), "/files/image/filename");
}

TEST(Envelope, NothingThatIsKeptLiesInTheMemoryOfItsDocument) {
  const auto received = decode_envelope(*encode_envelope(full_envelope()));
  const boost::json::storage_ptr own;
  EXPECT_EQ(*received->request.input.storage(), *own);
  EXPECT_EQ(*received->request.context.baggage.storage(), *own);
  EXPECT_EQ(*received->request.context.unknown.storage(), *own);
  EXPECT_EQ(*received->request.options.metadata.storage(), *own);
  EXPECT_EQ(*received->request.options.unknown.storage(), *own);
  EXPECT_EQ(*received->unknown.storage(), *own);
}

TEST(Envelope, AHeadIsTheEnvelopeWithoutItsInput) {
  Envelope envelope = full_envelope();
  const std::string head = encode_head(envelope);
  envelope.request.input = JsonObject{};
  EXPECT_EQ(head, *encode_envelope(envelope));
}

// Within the envelope it lies one level deeper than where its caller had it.
TEST(Envelope, WhatIsEncodedCanBeDecodedHoweverDeepItIs) {
  Json nested = 1;
  for (std::size_t depth = 1; depth < JsonLimits().max_depth; ++depth) nested = JsonArray{std::move(nested)};
  Envelope envelope = full_envelope();
  envelope.request.input = nested;
  const auto text = encode_envelope(envelope);
  ASSERT_TRUE(text.ok()) << text.error().message;
  EXPECT_TRUE(decode_envelope(*text).ok());
  envelope.request.input = JsonArray{std::move(nested)};
  const auto refused = encode_envelope(envelope);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, "json_too_deep");
}

TEST(Envelope, LeavesTheIdempotencyKeyBehind) {
  Envelope envelope = full_envelope();
  envelope.request.idempotency_key = "secret-key";
  EXPECT_EQ(encode_envelope(envelope)->find("secret-key"), std::string::npos);
}

// A valid envelope with one member replaced or, with null, taken out.
std::string changed(std::string_view member, const Json& value) {
  JsonObject object = parse_json(*encode_envelope(full_envelope()))->as_object();
  if (value.is_null()) {
    object.erase(member);
  } else {
    object.insert_or_assign(member, value);
  }
  return to_json_text(object);
}

struct Refusal {
  std::string text;
  std::string field;
  std::string_view code;
};

TEST(Envelope, DecodeNamesTheMemberThatIsWrong) {
  const Refusal table[] = {
      {changed("v", kNewestEnvelopeVersion + 1), "/v", error_code::kUnsupportedEnvelope},
      {changed("on_lost", "fail"), "/on_lost", error_code::kInvalidRequest},
      {changed("on_lost", "maybe"), "/on_lost", error_code::kInvalidRequest},
      {changed("on_lost", ""), "/on_lost", error_code::kInvalidRequest},
      {changed("on_lost", true), "/on_lost", error_code::kInvalidRequest},
      {changed("v", "1"), "/v", error_code::kUnsupportedEnvelope},
      {changed("v", nullptr), "/v", error_code::kUnsupportedEnvelope},
      {changed("id", "42"), "/id", error_code::kInvalidRequest},
      {changed("id", 42), "/id", error_code::kInvalidRequest},
      {changed("model", nullptr), "/model", error_code::kInvalidRequest},
      {changed("model", ""), "/model", error_code::kInvalidRequest},
      {changed("input", nullptr), "/input", error_code::kInvalidRequest},
      {changed("context", JsonArray{}), "/context", error_code::kInvalidRequest},
      {changed("context", JsonObject{{"tenant", 5}}), "/context/tenant", error_code::kInvalidRequest},
      {changed("options", JsonObject{{"timeout_ms", -1}}), "/options/timeout_ms",
       error_code::kInvalidRequest},
      {changed("options", JsonObject{{"timeout_ms", 1.5}}), "/options/timeout_ms",
       error_code::kInvalidRequest},
      {changed("admission", JsonObject{{"executor", "sync"}}), "/admission/reason",
       error_code::kInvalidRequest},
      {changed("admission", JsonObject{{"executor", "sync"}, {"reason", "split"}, {"bucket", 10'000}}),
       "/admission/bucket", error_code::kInvalidRequest},
      {changed("admission",
               JsonObject{{"executor", "sync"}, {"reason", "split"}, {"salt", std::string(33, 'a')}}),
       "/admission/salt", error_code::kInvalidRequest},
      {changed("created_at", nullptr), "/created_at", error_code::kInvalidRequest},
      {changed("deadline", "soon"), "/deadline", error_code::kInvalidRequest},
      {"[]", "", error_code::kInvalidRequest},
      {"{", "", "invalid_json"},
  };
  for (const Refusal& row : table) {
    const auto decoded = decode_envelope(row.text);
    ASSERT_FALSE(decoded.ok()) << row.text;
    EXPECT_EQ(decoded.error().code, row.code) << row.text;
    EXPECT_EQ(std::string(decoded.error().details.at("field").as_string()), row.field) << row.text;
  }
}

TEST(Envelope, EncodeRefusesByNameWhatCannotTravel) {
  const auto refused_field = [](auto change) {
    Envelope envelope = full_envelope();
    change(envelope);
    const auto text = encode_envelope(envelope);
    return text.ok() ? std::string("(encoded)") : std::string(text.error().details.at("field").as_string());
  };
  static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(refused_field([](Envelope& e) { e.request.input = JsonObject{{"t", kNaN}}; }), "/input/t");
  EXPECT_EQ(refused_field([](Envelope& e) { e.request.input = JsonArray{kMaxSafeInteger + 1}; }), "/input/0");
  EXPECT_EQ(refused_field([](Envelope& e) { e.request.options.metadata = {{"m", "\xff"}}; }),
            "/options/metadata/m");
  EXPECT_EQ(refused_field([](Envelope& e) { e.request.context.tenant = "\xc3"; }), "/context/tenant");
  EXPECT_EQ(refused_field([](Envelope& e) { e.request.model.clear(); }), "/model");
  EXPECT_EQ(refused_field(
                [](Envelope& e) { e.request.files = {{"i", kCat}}, e.request.files["i"].filename = "\xff"; }),
            "/files/i/filename");
}

TEST(RequestFingerprint, DependsOnModelInputAndOptionsButNotOnTheOrderOfMembers) {
  GenerationRequest request = full_envelope().request;
  const std::string fingerprint = request_fingerprint(request);
  request.input = JsonObject{{"speed", 1.25}, {"text", "h\u00e9llo"}};
  request.caller = "somebody else";
  EXPECT_EQ(request_fingerprint(request), fingerprint);

  const auto differs = [&](auto change) {
    GenerationRequest other = full_envelope().request;
    change(other);
    return request_fingerprint(other) != fingerprint;
  };
  EXPECT_TRUE(differs([](GenerationRequest& r) { r.model = "other"; }));
  EXPECT_TRUE(differs([](GenerationRequest& r) { r.files = {{"image", kCat}}; }));
  EXPECT_TRUE(differs([](GenerationRequest& r) { r.input.as_object()["speed"] = 1.5; }));
  EXPECT_TRUE(differs([](GenerationRequest& r) { r.options.timeout = std::chrono::milliseconds(1); }));
  EXPECT_TRUE(differs([](GenerationRequest& r) { r.options.metadata.clear(); }));
}

}  // namespace
}  // namespace shunt::generation
