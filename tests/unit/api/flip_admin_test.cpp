// The routes below /admin/flip, with a flip that a test holds in its hand.
#include "fake_flip.hpp"
#include "server_fixture.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/base/json_members.hpp"

namespace shunt::api {
namespace {

using namespace testing;
using flip::FlipEvent;

class FlipAdminTest : public ServerTest {
 protected:
  FlipAdminTest() {
    options_.flip = &control_;
    options_.inspection = &inspection_;
  }
  ~FlipAdminTest() override {
    if (server_) server_->close(0ms);
    server_.reset();
  }

  void add_key(const char* name, std::vector<Scope> scopes) {
    options_.keys.push_back({.name = name, .sha256_hex = sha256_hex(std::string("secret-") + name)});
    options_.keys.back().scopes = std::move(scopes);
  }
  static std::string bearer(const char* name) {
    return "Authorization: Bearer secret-" + std::string(name) + "\r\n";
  }
  JsonObject get(const std::string& path) {
    const Answer answer = client().request("GET", path);
    EXPECT_EQ(answer.status, 200) << answer.body;
    auto json = parse_json(answer.body);
    EXPECT_TRUE(json && json->is_object()) << answer.body;
    return json->as_object();
  }
  JsonObject problem(const Answer& answer, int status, std::string_view code) {
    EXPECT_EQ(answer.status, status) << answer.body;
    const JsonObject object = parse_json(answer.body)->as_object();
    EXPECT_EQ(text_in(object, "code"), code) << answer.body;
    return object;
  }
  // What leads down has no body of its own, so that each asks for the same.
  Answer post(const std::string& move, const std::string& body = {}, const std::string& headers = {}) {
    return client().request("POST", "/admin/flip/" + move, body,
                            body.empty() ? headers + "Content-Length: 0\r\n" : headers);
  }

  FakeFlipControl control_;
  FakeFlipInspection inspection_;
};

flip::FlipRecord canary_record() {
  flip::FlipRecord record = flip::first_record(flip::Strategy::kSync, "r1", WallTime(1'763'912'587'042ms));
  record.epoch = 7;
  record.state = flip::FlipState::kCanary;
  record.step = 1;
  record.by = {flip::ActorKind::kController, "api-1"};
  record.why = "step 1 passed";
  return record;
}

constexpr std::array kGets{"/admin/flip",     "/admin/flip/preflight",  "/admin/flip/drain",
                           "/admin/flip/log", "/admin/flip/log/verify", "/admin/flip/shadow"};
constexpr std::array kPosts{"start", "promote", "hold", "resume", "back", "abort", "release", "preflight"};

TEST_F(FlipAdminTest, TheStatusTellsPlaceReasonWeightAndWhatComes) {
  control_.status_is.record = canary_record();
  control_.status_is.place = "canary 5%, step 2 of 5";
  control_.status_is.wanted = flip::Weight::percent(5);
  control_.status_is.seen = 0.048;
  control_.status_is.store_problem = "bad \xff bytes";
  control_.status_is.store_unreadable_for = 1500ms;
  control_.status_is.processes.emplace_back().process = "p1";
  control_.status_is.last_tick.emplace().alert = "look";
  control_.status_is.next = "canary 10%";
  control_.status_is.undo = "shunt flip abort";
  inspection_.fleet_is = flip::FleetFacts{};
  serve();
  const JsonObject status = get("/admin/flip");
  EXPECT_EQ(text_in(status, "state"), "canary");
  EXPECT_EQ(text_in(status, "place"), "canary 5%, step 2 of 5");
  EXPECT_EQ(number_in(status, "epoch"), 7);
  EXPECT_EQ(number_in(status, "step"), 2);
  EXPECT_EQ(text_in(object_in(status, "by"), "kind"), "controller");
  EXPECT_EQ(text_in(object_in(status, "weight"), "wanted"), "5%");
  EXPECT_EQ(number_in(object_in(status, "weight"), "seen"), 0.048);
  EXPECT_EQ(number_in(object_in(status, "store"), "unreadable_seconds"), 1.5);
  EXPECT_EQ(text_in(object_in(status, "store"), "problem"), "bad \xef\xbf\xbd bytes");
  EXPECT_EQ(array_in(status, "processes").size(), 1U);
  EXPECT_EQ(text_in(object_in(status, "last_tick"), "alert"), "look");
  EXPECT_EQ(text_in(status, "next"), "canary 10%");
  EXPECT_EQ(text_in(status, "undo"), "shunt flip abort");
  EXPECT_EQ(text_in(object_in(status, "plan"), "name"), "default");
  EXPECT_TRUE(status.contains("sync_capacity"));
}

TEST_F(FlipAdminTest, EachMoveIsItsEventByWhoeverAsks) {
  const struct {
    const char* move;
    const char* body;
    FlipEvent event;
  } cases[] = {{"start", R"({"plan":{"name":"fast"}})", FlipEvent::kStart},
               {"promote", "{}", FlipEvent::kAdvance},
               {"hold", "{}", FlipEvent::kHold},
               {"resume", R"({"overrides":["redis.memory","cool_down"]})", FlipEvent::kResume},
               {"back", R"({"why":"it smells"})", FlipEvent::kBack},
               {"abort", "{}", FlipEvent::kAbort},
               {"force", R"({"executor":"sync"})", FlipEvent::kForceSync},
               {"force", R"({"executor":"queue"})", FlipEvent::kForceQueue},
               {"release", "{}", FlipEvent::kRelease}};
  control_.change_is = flip::FlipChange{
      .record = canary_record(), .place = "somewhere", .undo = "shunt flip x", .not_reached = {"p2 (h:5)"}};
  serve();
  for (const auto& [move, body, event] : cases) {
    const Answer answer = post(move, body);
    ASSERT_EQ(answer.status, 200) << move << answer.body;
    const flip::FlipRequest& asked = control_.asked.back();
    EXPECT_EQ(asked.event, event) << move;
    EXPECT_EQ(asked.by, (flip::Actor{flip::ActorKind::kPerson, "loopback"}));
    const JsonObject change = parse_json(answer.body)->as_object();
    EXPECT_EQ(text_in(change, "place"), "somewhere");
    EXPECT_EQ(text_in(change, "undo"), "shunt flip x");
    EXPECT_TRUE(is_true_in(change, "stored"));
    EXPECT_EQ(array_in(change, "not_reached").size(), 1U);
  }
  EXPECT_EQ(control_.asked[0].plan->name, "fast");
  EXPECT_FALSE(control_.asked[1].plan);
  EXPECT_EQ(control_.asked[3].overrides, (std::vector<std::string>{"redis.memory", "cool_down"}));
  EXPECT_EQ(control_.asked[4].why, "it smells");
  EXPECT_EQ(post("hold").status, 200) << "a body is optional";
}

TEST_F(FlipAdminTest, WhoGoesDownIsToldWhatWillBeRefused) {
  flip::FleetFacts fleet;
  fleet.models.push_back(
      {.name = "m", .sync_slots = 1, .arrivals_per_second = 4, .mean_run = std::chrono::seconds(1)});
  inspection_.fleet_is = fleet;
  serve();
  for (const char* move : {"back", "abort"}) {
    const JsonObject change = parse_json(post(move, "{}").body)->as_object();
    EXPECT_GT(number_in(object_in(change, "sync_capacity"), "refused_share"), 0.5) << move;
  }
  EXPECT_FALSE(parse_json(post("hold", "{}").body)->as_object().contains("sync_capacity"));
  control_.change_is->stored = false;
  const JsonObject alone = parse_json(post("force", R"({"executor":"sync"})").body)->as_object();
  EXPECT_FALSE(alone.contains("sync_capacity")) << "without Redis nobody waits for figures";
  EXPECT_FALSE(is_true_in(alone, "stored"));
}

TEST_F(FlipAdminTest, WithKeysItTakesTheScopeAdmin) {
  add_key("ops", {Scope::kAdmin});
  add_key("runs", {Scope::kGenerate});
  add_key("all", {});
  serve();
  for (const char* path : kGets) {
    EXPECT_EQ(client().request("GET", path).status, 401) << path;
    for (const char* key : {"runs", "all"}) {
      const Answer refused = client().request("GET", path, {}, bearer(key));
      EXPECT_EQ(text_in(problem(refused, 403, "scope_missing"), "scope"), "admin");
    }
    EXPECT_EQ(client().request("GET", path, {}, bearer("ops")).status, 200) << path;
  }
  for (const char* move : kPosts) {
    EXPECT_EQ(post(move, "{}", bearer("runs")).status, 403) << move;
    EXPECT_EQ(post(move, "{}", bearer("ops") + "X-Forwarded-For: 192.0.2.1\r\n").status, 200) << move;
  }
  ASSERT_EQ(control_.asked.size(), kPosts.size() - 1);
  EXPECT_EQ(control_.asked.front().by.name, "ops");
}

TEST_F(FlipAdminTest, WithoutKeysItIsForThisMachineOnly) {
  serve();
  const struct {
    const char* headers;
    bool let_in;
  } cases[] = {{"", true},
               {"X-Forwarded-For: 127.0.0.1\r\n", true},
               {"X-Forwarded-For: 192.0.2.1\r\n", false},
               {"X-Forwarded-For: 192.0.2.1, 127.0.0.1\r\n", false},
               {"Via: 1.1 proxy\r\n", false}};
  for (const auto& [headers, let_in] : cases) {
    for (const char* path : kGets)
      EXPECT_EQ(client().request("GET", path, {}, headers).status, let_in ? 200 : 403) << path << headers;
    const std::size_t before = control_.asked.size();
    for (const char* move : kPosts) {
      const Answer answer = post(move, "{}", headers);
      if (let_in) {
        EXPECT_EQ(answer.status, 200) << move << headers;
      } else {
        (void)problem(answer, 403, "loopback_only");
      }
    }
    EXPECT_EQ(control_.asked.size() - before, let_in ? kPosts.size() - 1 : 0U) << headers;
  }
  EXPECT_EQ(client().request("GET", "/admin/status", {}, "X-Forwarded-For: 192.0.2.1\r\n").status, 200);
}

TEST_F(FlipAdminTest, WithoutAQueueThereIsNoFlip) {
  options_.flip = nullptr;
  options_.inspection = nullptr;
  serve();
  for (const char* path : kGets) {
    const JsonObject told = problem(client().request("GET", path), 409, "flip_disabled");
    EXPECT_EQ(text_in(told, "setting"), "queue.enabled");
  }
  for (const char* move : kPosts) (void)problem(post(move, "{}"), 409, "flip_disabled");
}

TEST_F(FlipAdminTest, ARefusalOfTheFlipKeepsItsCodeAndWords) {
  const struct {
    Error error;
    int status;
  } cases[] = {{{"flip_not_allowed", "there is no hold in the state off"}, 409},
               {{"flip_preflight_failed", "the preflight fails: redis.memory"}, 409},
               {{"flip_not_converged", "x"}, 409},
               {{"flip_cooling_down", "x"}, 409},
               {{"flip_stale_epoch", "x", Retryable::kYes}, 409},
               {{"flip_too_large", "x"}, 422},
               {{"flip_store_unreadable", "x", Retryable::kYes}, 503}};
  serve();
  for (const auto& [error, status] : cases) {
    control_.change_is = error;
    const JsonObject told = problem(post("hold", "{}"), status, error.code.to_string());
    EXPECT_EQ(text_in(told, "detail"), error.message);
    EXPECT_EQ(is_true_in(told, "retryable"), error.is_retryable());
  }
}

TEST_F(FlipAdminTest, APreflightIsAnsweredWhateverItSays) {
  inspection_.checks_are = {{"redis.version", flip::CheckOutcome::kPass, "7.2.4", ""},
                            {"redis.memory", flip::CheckOutcome::kFail, "no limit", "set maxmemory"}};
  serve();
  const JsonObject told = get("/admin/flip/preflight");
  EXPECT_EQ(text_in(told, "outcome"), "fail");
  EXPECT_EQ(array_in(told, "failing"), (JsonArray{"redis.memory"}));
  EXPECT_EQ(text_in(array_in(told, "checks")[1].as_object(), "advice"), "set maxmemory");
  EXPECT_FALSE(inspection_.plans.back());
  EXPECT_EQ(post("preflight", R"({"plan":{"name":"fast"}})").status, 200);
  EXPECT_EQ(inspection_.plans.back()->name, "fast");
}

TEST_F(FlipAdminTest, ADrainSaysWhatWouldBeLostUnlessItMayBe) {
  flip::DrainFacts facts;
  facts.work.emplace_back().model = "m";
  facts.results = {.count = 3, .until = WallTime(1'763'912'587'042ms)};
  facts.keys.count = 2;
  inspection_.drain_is = facts;
  serve();
  const JsonObject told = get("/admin/flip/drain");
  EXPECT_EQ(text_in(told, "stage"), "drained");
  EXPECT_FALSE(is_true_in(told, "may_disconnect"));
  EXPECT_EQ(array_in(told, "reasons").size(), 2U);
  EXPECT_EQ(text_in(object_in(told, "results"), "until"), "2025-11-23T15:43:07.042Z");
  EXPECT_EQ(array_in(get("/admin/flip/drain?accept=results"), "reasons").size(), 1U);
  EXPECT_TRUE(is_true_in(get("/admin/flip/drain?accept=results,keys"), "may_disconnect"));
  (void)problem(client().request("GET", "/admin/flip/drain?accept=all"), 400, "invalid_parameter");
  (void)problem(client().request("GET", "/admin/flip/drain?x=1"), 400, "invalid_parameter");
  inspection_.drain_is = Error{"flip_store_unreadable", "gone", Retryable::kYes};
  (void)problem(client().request("GET", "/admin/flip/drain"), 503, "flip_store_unreadable");
}

TEST_F(FlipAdminTest, TheShadowTellsItsCountsAndItsLatestMismatches) {
  control_.shadow_is.processes = 2;
  control_.shadow_is.counts.epoch = 4;
  control_.shadow_is.counts.compared.at(0) = 7;
  control_.shadow_is.counts.compared.at(2) = 60;
  control_.shadow_is.counts.dropped["busy"] = 3;
  for (std::size_t i = 0; i < 60; ++i) {
    flip::ShadowMismatch& mismatch = inspection_.shadow_is.mismatches.emplace_back();
    mismatch.model = "m" + std::to_string(i);
    mismatch.finding.result = flip::ShadowClass::kOtherContent;
    mismatch.candidate.content = "bad \xff";
  }
  serve();
  const JsonObject told = get("/admin/flip/shadow");
  EXPECT_EQ(number_in(told, "processes"), 2);
  EXPECT_EQ(number_in(told, "made"), 67);
  EXPECT_EQ(number_in(told, "mismatches"), 60);
  EXPECT_EQ(number_in(object_in(told, "compared"), "equal"), 7);
  EXPECT_EQ(number_in(object_in(told, "dropped"), "busy"), 3);
  const JsonArray& latest = array_in(told, "latest");
  ASSERT_EQ(latest.size(), 50U);
  EXPECT_EQ(text_in(latest.back().as_object(), "model"), "m59");
  EXPECT_EQ(text_in(latest.back().as_object(), "class"), "other_content");
}

TEST_F(FlipAdminTest, TheLogIsToldInPagesAsItIsKept) {
  flip::AuditEntry entry;
  entry.seq = 4;
  entry.why = "lunch";
  control_.log_is = flip::FlipLogPage{.entries = {entry}, .next = 5};
  serve();
  const JsonObject page = get("/admin/flip/log?from=4&count=1");
  EXPECT_EQ(control_.asked_log.back(), (std::pair<std::uint64_t, std::size_t>{4, 1}));
  const JsonObject& told = array_in(page, "entries")[0].as_object();
  EXPECT_EQ(text_in(told, "why"), "lunch");
  EXPECT_EQ(text_in(told, "hash").size(), 64U);
  EXPECT_EQ(number_in(page, "next"), 5);
  (void)get("/admin/flip/log");
  EXPECT_EQ(control_.asked_log.back(), (std::pair<std::uint64_t, std::size_t>{0, 50}));
  for (const char* query : {"from=-1", "from=x", "from=9007199254740993", "count=0", "count=1001", "to=3"}) {
    const std::string path = "/admin/flip/log?" + std::string(query);
    (void)problem(client().request("GET", path), 400, "invalid_parameter");
  }
  control_.chain_is = flip::ChainReport{.entries = 9, .first = 1, .last = 9, .hash = "ab", .problem = "bent"};
  const JsonObject chain = get("/admin/flip/log/verify");
  EXPECT_FALSE(is_true_in(chain, "intact"));
  EXPECT_EQ(text_in(chain, "problem"), "bent");
}

}  // namespace
}  // namespace shunt::api
