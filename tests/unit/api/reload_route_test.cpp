// POST and GET /admin/reload, with a reloader that a test holds in its hand.
#include <thread>

#include "server_fixture.hpp"
#include "shunt/api/config_reloader.hpp"
#include "shunt/base/json_members.hpp"

namespace shunt::api {
namespace {

using namespace testing;

class FakeReloader final : public ConfigReloader {
 public:
  void reload(Mode mode, std::function<void(Result<ReloadReport>)> done) override {
    modes.push_back(mode);
    std::jthread([&] { done(answer); }).join();
  }
  std::vector<Mode> modes;
  Result<ReloadReport> answer = ReloadReport{};
};

class ReloadRouteTest : public ServerTest {
 protected:
  ~ReloadRouteTest() override {
    if (server_) server_->close(0ms);
    server_.reset();
  }
  Answer ask(const char* method) {
    return client().request(method, "/admin/reload", "", "Content-Length: 0\r\n");
  }
  FakeReloader reloader_;
};

TEST_F(ReloadRouteTest, TellsWhatHasChangedAndWhatWould) {
  options_.reloader = &reloader_;
  serve();
  reloader_.answer = ReloadReport{.file = "shunt.toml",
                                  .digest = "d1",
                                  .changes = {{"log.level", "\"info\"", "\"debug\"", true},
                                              {"models.a", std::nullopt, "", true},
                                              {"server.listen", "\"a\"", "\"b\"", false}},
                                  .models = {{"a", "added"}}};
  for (const char* method : {"POST", "GET"}) {
    const Answer answer = ask(method);
    ASSERT_EQ(answer.status, 200) << answer.body;
    const JsonObject report = parse_json(answer.body)->as_object();
    EXPECT_EQ(text_in(report, "digest"), "d1");
    EXPECT_TRUE(report.at("restart_needed").as_bool());
    EXPECT_EQ(report.at("models").as_object().at("a"), "added");
    const JsonArray& changes = report.at("changes").as_array();
    ASSERT_EQ(changes.size(), 3U);
    EXPECT_TRUE(changes[1].as_object().at("before").is_null());
    EXPECT_EQ(changes[1].as_object().at("after"), "");
  }
  using Mode = ConfigReloader::Mode;
  EXPECT_EQ(reloader_.modes, (std::vector<Mode>{Mode::kTake, Mode::kTry}));
}

TEST_F(ReloadRouteTest, TellsWhyNothingHasChanged) {
  options_.reloader = &reloader_;
  serve();
  reloader_.answer = Error{"invalid_configuration", "shunt.toml:3: log.level must be one of ..."};
  const Answer answer = ask("POST");
  EXPECT_EQ(answer.status, 422) << answer.body;
  const JsonObject problem = parse_json(answer.body)->as_object();
  EXPECT_EQ(text_in(problem, "code"), "invalid_configuration");
  EXPECT_EQ(text_in(problem, "detail"), "shunt.toml:3: log.level must be one of ...");
}

TEST_F(ReloadRouteTest, SaysSoWhereNothingCanBeReloaded) {
  serve();
  const Answer answer = ask("POST");
  EXPECT_EQ(answer.status, 409) << answer.body;
  EXPECT_EQ(text_in(parse_json(answer.body)->as_object(), "code"), "reload_disabled");
}

}  // namespace
}  // namespace shunt::api
