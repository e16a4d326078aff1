#include "conformance/conformance_models.hpp"

#include <stdexcept>
#include <thread>
#include <utility>

#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/function_generator.hpp"

namespace shunt::testing {
namespace {

std::string text_of(GenerationRun& run) {
  const Json* text = run.input().as_object().if_contains("text");
  return text != nullptr ? std::string(text->as_string()) : std::string();
}

Json echo(GenerationRun& run) {
  const std::string text = text_of(run);
  run.delta(text);
  return JsonObject{{"length", text.size()}};
}

Json tokens(GenerationRun& run) {
  const std::int64_t count = run.input().as_object().at("count").as_int64();
  for (std::int64_t i = 0; i < count; ++i) {
    run.delta(std::to_string(i) + " ");
    if (i == count / 2) {
      run.progress(0.5, "half way");
      run.log("info", "in the middle");
    }
  }
  return nullptr;
}

Json artifact(GenerationRun& run) {
  const auto size = static_cast<std::size_t>(run.input().as_object().at("size").as_int64());
  run.artifact({"large.bin", "application/octet-stream", std::make_shared<const std::string>(size, 'x')});
  run.artifact({"empty.txt", "text/plain", std::make_shared<const std::string>()});
  return nullptr;
}

Json bytes(GenerationRun& run) {
  run.delta("caf\xC3");
  run.delta("\xA9 \xFF ");
  run.delta("\xF0\x9F\x9A");  // a train without its last byte
  return nullptr;
}

// A chat model's answer: it thinks, it talks, it calls two tools at once.
Json talk(GenerationRun& run) {
  const auto say = [&run](std::string_view text, auto fill) {
    MessageParts parts;
    fill(parts);
    run.delta(text, std::move(parts));
  };
  say("", [](MessageParts& parts) { parts.reasoning = "Let me "; });
  say("", [](MessageParts& parts) { parts.reasoning = "see.\xF0\x9F"; });
  say("", [](MessageParts& parts) { parts.reasoning = "\x9A\x82"; });
  run.delta("I look ");
  say("it up", [](MessageParts& parts) { parts.logprobs.content = {JsonObject{{"token", "it up"}}}; });
  say("", [](MessageParts& parts) {
    parts.tool_calls = {{.index = 0, .id = "call_a", .name = "weather", .arguments = "{\"city\":"}};
  });
  say("", [](MessageParts& parts) {
    parts.tool_calls = {{.index = 1, .id = "call_b", .name = "time"},
                        {.index = 0, .arguments = "\"Paris\"}"}};
  });
  say("", [](MessageParts& parts) { parts.audio.bytes = std::string("\0\xFF", 2); });
  say("", [](MessageParts& parts) { parts.refusal = std::string(100'000, 'n'); });
  run.delta(".");
  return nullptr;
}

// What the envelope has of files.
Json tell_files(GenerationRun& run) {
  return JsonObject{{"input", run.input()}, {"files", to_json(run.envelope().request.files)}};
}

Json leave_a_gap(GenerationRun& run) {
  MessageParts parts;
  parts.tool_calls = {{.index = 1, .name = "f"}};
  run.delta("", std::move(parts));
  return nullptr;
}

class VanishingGenerator final : public Generator {
 public:
  void start(std::shared_ptr<GenerationRun>) override {}
};

class PickyGenerator final : public Generator {
 public:
  Result<void> check_input(const Json& input) const override {
    if (input.is_object() && input.get_object().contains("text")) return {};
    return invalid_field("/input/text", "input.text is required", error_code::kInvalidInput);
  }
  void start(std::shared_ptr<GenerationRun> run) override { run->succeed(); }
};

Model model(std::string name, std::shared_ptr<Generator> generator) {
  Model made;
  made.name = std::move(name);
  made.driver = "function";
  made.generator = std::move(generator);
  made.concurrency = 8;
  made.max_waiting = 2000;
  return made;
}

Model function(std::string name, GenerateFunction fn, std::size_t threads = 4) {
  return model(std::move(name), make_function_generator(std::move(fn), threads));
}

}  // namespace

ModelRegistry conformance_models(Hold& hold) {
  ModelRegistry models;
  const auto add = [&models](Model made) {
    if (auto added = models.add(std::move(made)); !added) throw std::logic_error(added.error().message);
  };
  add(function("echo", echo));
  add(function("tokens", tokens));
  add(function("artifact", artifact));
  add(function("bytes", bytes));
  add(function("talk", talk));
  add(function("gap", leave_a_gap));
  add(function("throwing", [](GenerationRun&) -> Json { throw std::runtime_error("no luck today"); }));
  add(model("vanishing", std::make_shared<VanishingGenerator>()));
  add(model("picky", std::make_shared<PickyGenerator>()));

  Model filed = function("filed", tell_files);
  InputRule image;
  image.type = InputRule::Type::kFile;
  image.types = {"image/*"};
  filed.input_rules = InputRules::compile({{"image", image}}).value();
  add(std::move(filed));

  Model once = function("once", echo);
  once.on_lost = OnLost::kFail;
  add(std::move(once));

  Model limited = function("limited", tokens);
  limited.output.max_text_bytes = 64;
  add(std::move(limited));

  Model terse = function("terse", talk);
  terse.output.max_message_bytes = 64;
  add(std::move(terse));

  Model gated = function("gated", [&hold](GenerationRun& run) -> Json {
    run.delta("waiting");
    hold.wait(run.stop_token());
    return nullptr;
  });
  gated.concurrency = 1;
  gated.max_waiting = 1;
  add(std::move(gated));

  Model stubborn = function("stubborn", [&hold](GenerationRun&) -> Json {
    hold.wait();
    return "too late";
  });
  stubborn.stop_grace = std::chrono::milliseconds(100);
  add(std::move(stubborn));
  return models;
}

}  // namespace shunt::testing
