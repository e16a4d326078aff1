#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dialects/dialect.hpp"
#include "shunt/base/json.hpp"
#include "shunt/generation/errors.hpp"

namespace shunt::api::dialects {

// Of a model that finds files by the ids that messages have.
class ReadsMessageFiles final : public Generator {
 public:
  [[nodiscard]] bool takes_message_files() const noexcept override { return true; }
  void start(std::shared_ptr<GenerationRun> run) override { run->succeed(); }
};

// A request of a dialect's client, without a server: models by name, and a context to make calls with.
class CallTest : public ::testing::Test {
 protected:
  Model& add_model(std::string name, CallKind kind,
                   std::map<std::string, std::string, std::less<>> members = {}) {
    auto model = std::make_shared<Model>();
    model->name = name;
    model->calls[kind] = ServedCall{std::move(members)};
    return *models_.emplace(std::move(name), std::move(model)).first->second;
  }

  [[nodiscard]] static JsonObject object(std::string_view text) {
    auto parsed = parse_json(text);
    EXPECT_TRUE(parsed.ok()) << text;
    return parsed->as_object();
  }

  using Make = Result<Call> (*)(const CallContext&, JsonObject);
  [[nodiscard]] Result<Call> make(Make make_call, std::string_view body) {
    return make_call({.request = request_,
                      .target = target_,
                      .path = {},
                      .base_url = "http://shunt",
                      .find_model = [this](std::string_view name) -> Result<std::shared_ptr<const Model>> {
                        const auto found = models_.find(std::string(name));
                        if (found == models_.end()) return unknown_model(name, {});
                        return std::shared_ptr<const Model>(found->second);
                      },
                      .now = {},
                      .files = files_},
                     object(body));
  }

  // The input of a call that is taken, as text; the error's code and field of one that is not.
  [[nodiscard]] std::string outcome(Make make_call, std::string_view body) {
    const auto call = make(make_call, body);
    if (call) return to_json_text(call->request.input);
    const Json* const field = call.error().details.if_contains("field");
    return call.error().code.to_string() + ' ' + (field == nullptr ? "" : std::string(field->as_string()));
  }

  std::vector<std::string> files_;  // of the request's form

 private:
  std::map<std::string, std::shared_ptr<Model>> models_;
  http::Request request_;
  http::RequestTarget target_;
};

}  // namespace shunt::api::dialects
