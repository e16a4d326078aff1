#include "representation/representation.hpp"

#include <gtest/gtest.h>

#include "shunt/http/media_type.hpp"

namespace shunt::api {
namespace {

struct Negotiation {
  const char* accept;
  std::vector<std::string> produces;
  std::optional<Representation> chosen;
};

class ChooseRepresentation : public testing::TestWithParam<Negotiation> {};

TEST_P(ChooseRepresentation, PicksWhatTheClientPrefers) {
  const Negotiation& row = GetParam();
  EXPECT_EQ(choose_representation(http::AcceptList(row.accept), row.produces), row.chosen) << row.accept;
}

constexpr auto kRecord = Representation::kRecord;
constexpr auto kStream = Representation::kEventStream;
constexpr auto kArtifact = Representation::kArtifact;
constexpr auto kText = Representation::kText;

INSTANTIATE_TEST_SUITE_P(
    Table, ChooseRepresentation,
    testing::Values(Negotiation{"", {}, kRecord}, Negotiation{"*/*", {"audio/wav"}, kRecord},
                    Negotiation{"application/json", {"audio/wav"}, kRecord},
                    Negotiation{"application/*", {}, kRecord}, Negotiation{"text/event-stream", {}, kStream},
                    Negotiation{"application/json, text/event-stream", {}, kRecord},
                    Negotiation{"application/json;q=0.5, text/event-stream", {}, kStream},
                    Negotiation{"audio/wav", {}, kArtifact},
                    Negotiation{"audio/wav", {"audio/wav"}, kArtifact},
                    Negotiation{"audio/*", {"audio/wav"}, kArtifact},
                    Negotiation{"audio/wav, */*;q=0.1", {"audio/wav"}, kArtifact},
                    Negotiation{"audio/wav, */*", {"audio/wav"}, kArtifact},
                    Negotiation{"audio/ogg", {"audio/wav"}, std::nullopt},
                    Negotiation{"audio/ogg, application/json;q=0.2", {"audio/wav"}, kRecord},
                    Negotiation{"text/plain", {}, kText}, Negotiation{"text/plain", {"text/plain"}, kText},
                    Negotiation{"text/plain", {"audio/wav"}, std::nullopt}, Negotiation{"text/*", {}, kText},
                    Negotiation{"application/json;q=0", {"audio/wav"}, std::nullopt},
                    Negotiation{"image/png;q=0.2, application/json;q=0.1", {}, kArtifact}));

Artifact artifact(const char* name, const char* media_type) {
  return {name, media_type, std::make_shared<const std::string>("x")};
}

TEST(ChooseArtifact, TakesTheBestFitAndTheFirstOfEquals) {
  const std::vector<Artifact> artifacts = {artifact("a", "image/png"), artifact("b", "audio/wav"),
                                           artifact("c", "audio/ogg")};
  const auto chosen = [&](const char* accept) {
    const Artifact* const found = choose_artifact(http::AcceptList(accept), artifacts);
    return found == nullptr ? std::string("none") : found->name;
  };
  EXPECT_EQ(chosen("audio/*"), "b");
  EXPECT_EQ(chosen("audio/*;q=0.5, audio/ogg"), "c");
  EXPECT_EQ(chosen("video/mp4"), "none");
  EXPECT_EQ(chosen("*/*"), "none") << "asks for no artifact in particular";
}

}  // namespace
}  // namespace shunt::api
