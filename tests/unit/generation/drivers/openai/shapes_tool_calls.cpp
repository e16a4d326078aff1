#include "answer_shape.hpp"

namespace shunt::testing {
namespace {

const std::string kEnd = finish("tool_calls");

std::string called(std::string_view elements) {
  return R"({"finish_reason":"tool_calls","message":{"tool_calls":[)" + std::string(elements) + "]}}";
}

const std::string kTime =
    R"({"index":0,"id":"c1","type":"function","function":{"name":"get_time","arguments":"{\"tz\":\"CET\"}"}})";

}  // namespace

const AnswerShapes& tool_call_shapes() {
  static const AnswerShapes kShapes = {
      {"a call in pieces", "OpenAI", "simonw/llm#988",
       events(
           {calls(R"({"index":0,"id":"c1","type":"function","function":{"name":"get_time","arguments":""}})"),
            calls(R"({"index":0,"function":{"arguments":"{\"tz\":"}})"),
            calls(R"({"index":0,"function":{"arguments":"\"CET\"}"}})"), kEnd, kDone}),
       "", called(kTime)},
      {"two whole calls with one index", "vLLM by Dynamo", "ai-dynamo/dynamo#4723",
       events(
           {calls(
                R"({"index":0,"id":"a","type":"function","function":{"name":"add","arguments":"{\"x\":1}"}})"),
            text("\\n"),
            calls(
                R"({"index":0,"id":"b","type":"function","function":{"name":"get_time","arguments":"{}"}})"),
            kEnd}),
       "\n",
       called(R"({"index":0,"id":"a","type":"function","function":{"name":"add","arguments":"{\"x\":1}"}},)"
              R"({"index":1,"id":"b","type":"function","function":{"name":"get_time","arguments":"{}"}})")},
      {"two calls of one function with one index", "Ollama", "ollama/ollama#16212",
       events({calls(R"({"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}})"),
               calls(R"({"index":0,"id":"b","function":{"name":"f","arguments":"{\"x\":2}"}})"), kEnd}),
       "",
       called(R"({"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}},)"
              R"({"index":1,"id":"b","function":{"name":"f","arguments":"{\"x\":2}"}})")},
      {"one index for calls in pieces, and an id that is empty", "vLLM", "InternLM/lmdeploy#3412",
       events(
           {calls(R"({"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}})"),
            calls(
                R"({"index":0,"id":"","type":"function","function":{"name":null,"arguments":"{\"x\":1}"}})"),
            calls(R"({"index":0,"id":"b","type":"function","function":{"name":"f","arguments":""}})"),
            calls(
                R"({"index":0,"id":"","type":"function","function":{"name":null,"arguments":"{\"x\":2}"}})"),
            kEnd}),
       "",
       called(R"({"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},)"
              R"({"index":1,"id":"b","type":"function","function":{"name":"f","arguments":"{\"x\":2}"}})")},
      {"an id that is repeated, and one index for all", "SGLang", "sgl-project/sglang#4700",
       events(
           {calls(R"({"index":0,"id":"0","type":"function","function":{"name":"f","arguments":""}})"),
            calls(R"({"index":0,"id":"0","type":"function","function":{"name":"","arguments":"{\"x\":1}"}})"),
            calls(R"({"index":0,"id":"1","type":"function","function":{"name":"g","arguments":""}})"),
            calls(R"({"index":0,"id":"1","type":"function","function":{"name":"","arguments":"{\"y\":2}"}})"),
            kEnd}),
       "",
       called(R"({"index":0,"id":"0","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}},)"
              R"({"index":1,"id":"1","type":"function","function":{"name":"g","arguments":"{\"y\":2}"}})")},
      {"two calls, one index, one chunk", "Gemini's compatible end", "su-kaka/gcli2api#406",
       events({calls(R"({"index":0,"function":{"name":"w","arguments":"{\"city\":\"Ulm\"}"}},)"
                     R"({"index":0,"function":{"name":"w","arguments":"{\"city\":\"Bonn\"}"}})"),
               kEnd}),
       "",
       called(R"({"index":0,"function":{"name":"w","arguments":"{\"city\":\"Ulm\"}"}},)"
              R"({"index":1,"function":{"name":"w","arguments":"{\"city\":\"Bonn\"}"}})")},
      {"three calls without an id, one index, a chunk each", "Gemini's compatible end",
       "NousResearch/hermes-agent#12930",
       events({calls(R"({"index":0,"function":{"name":"w","arguments":"{\"n\":1}"}})"),
               calls(R"({"index":0,"function":{"name":"w","arguments":"{\"n\":2}"}})"),
               calls(R"({"index":0,"function":{"name":"v","arguments":"{\"n\":2}"}})"), kEnd}),
       "",
       called(R"({"index":0,"function":{"name":"w","arguments":"{\"n\":1}"}},)"
              R"({"index":1,"function":{"name":"w","arguments":"{\"n\":2}"}},)"
              R"({"index":2,"function":{"name":"v","arguments":"{\"n\":2}"}})")},
      {"calls without an index", "Ollama", "ollama/ollama#7881",
       events({calls(R"({"id":"a","type":"function","function":{"name":"f","arguments":"{\"a\":10}"}})"),
               calls(R"({"id":"b","type":"function","function":{"name":"g","arguments":"{}"}})"), kEnd,
               kDone}),
       "",
       called(R"({"id":"a","type":"function","function":{"name":"f","arguments":"{\"a\":10}"}},)"
              R"({"id":"b","type":"function","function":{"name":"g","arguments":"{}"}})")},
      {"pieces without an index and without an id", "Gemini by Oracle", "oracle/langchain-oracle#254",
       events({calls(R"({"id":"a","function":{"name":"f","arguments":""}})"),
               calls(R"({"function":{"arguments":"{\"x\":"}})"), calls(R"({"function":{"arguments":"1}"}})"),
               calls(R"({"id":"b","function":{"name":"g","arguments":"{"}})"),
               calls(R"({"function":{"arguments":"}"}})"), kEnd}),
       "",
       called(R"({"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}},)"
              R"({"id":"b","function":{"name":"g","arguments":"{}"}})")},
      {"pieces of several calls in one chunk, told by their place", "Gemini by Oracle",
       "oracle/langchain-oracle#252",
       events({calls(R"({"id":"a","function":{"name":"f"}},{"id":"b","function":{"name":"g"}})"),
               calls(R"({"function":{"arguments":"{\"x\":1}"}},{"function":{"arguments":"{\"y\":2}"}})"),
               kEnd}),
       "",
       called(R"({"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}},)"
              R"({"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}})")},
      {"interleaved pieces of two calls", "Qwen", "QwenLM/Qwen-Agent#943",
       events({calls(R"({"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}})"),
               calls(R"({"index":1,"id":"b","function":{"name":"g","arguments":"{\"y\""}})"),
               calls(R"({"index":0,"function":{"arguments":":1}"}})"),
               calls(R"({"index":1,"function":{"arguments":":2}"}})"), kEnd}),
       "",
       called(R"({"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}},)"
              R"({"index":1,"id":"b","function":{"name":"g","arguments":"{\"y\":2}"}})")},
      {"a name repeated in every piece", "MiniMax on NVIDIA NIM", "NousResearch/hermes-agent#11984",
       events(
           {calls(
                R"({"index":0,"id":"c1","type":"function","function":{"name":"get_time","arguments":"{\"tz\":"}})"),
            calls(
                R"({"index":0,"id":"c1","type":"function","function":{"name":"get_time","arguments":"\"CET\""}})"),
            calls(
                R"({"index":0,"id":"c1","type":"function","function":{"name":"get_time","arguments":"}"}})"),
            kEnd}),
       "", called(kTime)},
      {"a name repeated in every piece, without an id", "vLLM", "weicj/vLLM-2080Ti-Definitive#127",
       events(
           {calls(
                R"({"index":0,"id":"c1","type":"function","function":{"name":"get_time","arguments":"{\"tz\":"}})"),
            calls(R"({"index":0,"function":{"name":"get_time","arguments":"\"CET\"}"}})"),
            calls(R"({"index":0,"function":{"name":"get_time","arguments":""}})"), kEnd}),
       "", called(kTime)},
      {"a name in pieces", "Switchyard", "NVIDIA-NeMo/Switchyard#785",
       events({calls(R"({"index":0,"id":"c1","type":"function","function":{"name":"get_"}})"),
               calls(R"({"index":0,"function":{"name":"time","arguments":"{\"tz\":"}})"),
               calls(R"({"index":0,"function":{"arguments":"\"CET\"}"}})"), kEnd}),
       "", called(kTime)},
      {"id, name and arguments in pieces, and null between them", "SGLang", "deathbyknowledge/gsv#268",
       events({calls(R"({"index":0,"id":"c","type":"function","function":{"name":null,"arguments":null}})"),
               calls(R"({"index":0,"id":"1","function":{"name":"get_","arguments":null}})"),
               calls(R"({"index":0,"id":null,"function":{"name":"time","arguments":""}})"),
               calls(R"({"index":0,"id":null,"function":{"name":null,"arguments":"{\"tz\":\"CET\"}"}})"),
               kEnd}),
       "", called(kTime)},
      {"an empty id in later pieces", "DashScope", "symfony/ai#2220",
       events(
           {calls(R"({"index":0,"id":"c1","type":"function","function":{"name":"get_time","arguments":""}})"),
            calls(R"({"index":0,"id":"","type":"function","function":{"arguments":"{\"tz\":\"CET\"}"}})"),
            kEnd}),
       "", called(kTime)},
      {"an empty type in later pieces", "Volcengine", "liquidos-ai/AutoAgents#99",
       events({calls(R"({"index":0,"id":"c1","type":"function","function":{"name":"get_time"}})"),
               calls(R"({"index":0,"type":"","function":{"arguments":"{\"tz\":\"CET\"}"}})"), kEnd}),
       "", called(kTime)},
      {"an id that changes from piece to piece", "Poolside", "poolsideai/pool#9",
       events(
           {calls(R"({"index":0,"id":"c1","type":"function","function":{"name":"get_time","arguments":""}})"),
            calls(R"({"index":0,"id":"c7","function":{"arguments":"{\"tz\":"}})"),
            calls(R"({"index":0,"id":"c9","function":{"arguments":"\"CET\"}"}})"), kEnd}),
       "", called(kTime)},
      {"an empty function between the pieces", "DashScope", "deepset-ai/haystack#9581",
       events(
           {calls(
                R"({"index":0,"id":"c1","type":"function","function":{"name":"get_time","arguments":"{\"tz\":"}})"),
            calls(R"({"index":0,"id":"","type":"function","function":{"name":null,"arguments":null}})"),
            calls(R"({"index":0,"function":{"arguments":"\"CET\"}"}})"), kEnd}),
       "", called(kTime)},
      {"arguments so far in every piece", "Codex by a router", "Soju06/codex-lb#284",
       events(
           {calls(
                R"({"index":0,"id":"c1","type":"function","function":{"name":"get_time","arguments":"{\"tz"}})"),
            calls(R"({"index":0,"function":{"arguments":"{\"tz\":\"C"}})"),
            calls(R"({"index":0,"function":{"arguments":"{\"tz\":\"CET\"}"}})"), kEnd}),
       "", called(kTime)},
      {"whole arguments twice", "OpenCodex", "lidge-jun/opencodex#361",
       events(
           {calls(R"({"index":0,"id":"c1","type":"function","function":{"name":"get_time","arguments":""}})"),
            calls(R"({"index":0,"function":{"arguments":"{\"tz\":\"CET\"}"}})"),
            calls(R"({"index":0,"function":{"arguments":"{\"tz\":\"CET\"}"}})"), kEnd}),
       "", called(kTime)},
      {"arguments in pieces, then whole", "NVIDIA", "langchain-ai/langchain-nvidia#152",
       events(
           {calls(
                R"({"index":0,"id":"c1","type":"function","function":{"name":"get_time","arguments":"{\"tz\":"}})"),
            calls(R"({"index":0,"function":{"arguments":"\"CET\"}"}})"),
            calls(R"({"index":0,"function":{"arguments":"{\"tz\":\"CET\"}"}})"), kEnd}),
       "", called(kTime)},
      {"nested arguments whose second piece looks like the first", "any", "camel-ai/camel#3662",
       events({calls(R"({"index":0,"id":"a","function":{"name":"f","arguments":"{\"a\":"}})"),
               calls(R"({"index":0,"function":{"arguments":"{\"a\":1}"}})"),
               calls(R"({"index":0,"function":{"arguments":"}"}})"), kEnd}),
       "", called(R"({"index":0,"id":"a","function":{"name":"f","arguments":"{\"a\":{\"a\":1}}"}})")},
      {"empty arguments before the real ones", "Anthropic by LiteLLM", "BerriAI/litellm#4537",
       events(
           {calls(
                R"({"index":0,"id":"c1","type":"function","function":{"name":"get_time","arguments":"{}"}})"),
            calls(R"({"index":0,"function":{"arguments":"{\"tz\":"}})"),
            calls(R"({"index":0,"function":{"arguments":"\"CET\"}"}})"), kEnd}),
       "", called(kTime)},
      {"empty arguments that are the real ones", "Bedrock", "openai/openai-agents-js#712",
       events({calls(R"({"index":0,"id":"c1","function":{"name":"now","arguments":"{}"}})"), kEnd}), "",
       called(R"({"index":0,"id":"c1","function":{"name":"now","arguments":"{}"}})")},
      {"no arguments at all", "OpenRouter", "simonw/llm#1164",
       events({calls(R"({"index":0,"id":"c1","function":{"name":"now","arguments":""}})"), kEnd}), "",
       called(R"({"index":0,"id":"c1","function":{"name":"now","arguments":""}})")},
      {"arguments as an object", "llama.cpp", "ggml-org/llama.cpp#20198",
       R"({"choices":[{"index":0,"message":{"content":null,"tool_calls":[{"id":"c1","type":"function","function":)"
       R"({"name":"get_time","arguments":{"tz":"CET"}}}]},"finish_reason":"tool_calls"}]})",
       "",
       called(
           R"({"id":"c1","type":"function","function":{"name":"get_time","arguments":"{\"tz\":\"CET\"}"}})"),
       "", true, "application/json"},
      {"arguments as an object, streamed", "MiniMax", "can1357/oh-my-pi#1779",
       events(
           {calls(
                R"({"index":0,"id":"c1","type":"function","function":{"name":"get_time","arguments":{"tz":"CET"}}})"),
            kEnd}),
       "", called(kTime)},
      {"a call that begins at index 1", "Bedrock by LiteLLM", "BerriAI/litellm#11407",
       events({calls(R"({"id":"a","function":{"arguments":"","name":"f"},"type":"function","index":1})"),
               calls(R"({"function":{"arguments":"{}"},"type":"function","index":1})"), kEnd}),
       "", called(R"({"index":1,"id":"a","type":"function","function":{"name":"f","arguments":"{}"}})")},
      {"a call without an id", "GLM", "binaricat/Netcatty#1007",
       events(
           {calls(R"({"index":0,"type":"function","function":{"name":"f","arguments":"{\"x\":1}"}})"), kEnd}),
       "", called(R"({"index":0,"type":"function","function":{"name":"f","arguments":"{\"x\":1}"}})")},
      {"a thought signature on the call", "Gemini's compatible end",
       "https://ai.google.dev/gemini-api/docs/openai",
       events({calls(R"({"index":0,"id":"a","function":{"name":"f","arguments":"{}"},)"
                     R"("extra_content":{"google":{"thought_signature":"c2ln"}}})"),
               kEnd}),
       "",
       called(R"({"index":0,"id":"a","function":{"name":"f","arguments":"{}"},)"
              R"("extra_content":{"google":{"thought_signature":"c2ln"}}})")},
      {"tool calls in the last message only", "Ollama", "ollama/ollama#9092",
       events(
           {text("Let me see."),
            R"({"choices":[{"index":0,"finish_reason":"tool_calls","message":{"content":"Let me see.","tool_calls":)"
            R"([{"id":"a","function":{"name":"f","arguments":"{}"}}]}}]})"}),
       "Let me see.", called(R"({"id":"a","function":{"name":"f","arguments":"{}"}})")},
      {"tool calls in deltas and in the last message", "Perplexity", "open-webui/open-webui#9927",
       events({calls(R"({"index":0,"id":"a","function":{"name":"f","arguments":"{}"}})"),
               R"({"choices":[{"index":0,"finish_reason":"tool_calls","message":{"tool_calls":)"
               R"([{"id":"a","function":{"name":"f","arguments":"{}"}}]}}]})"}),
       "", called(R"({"index":0,"id":"a","function":{"name":"f","arguments":"{}"}})")},
      {"one function call of the older kind, its name repeated", "any",
       "https://platform.openai.com/docs/api-reference/chat/create",
       events({delta(R"("function_call":{"name":"f","arguments":"{\"x\""})"),
               delta(R"("function_call":{"name":"f","arguments":":1}"})"), finish("function_call")}),
       "",
       R"({"finish_reason":"function_call","message":{"function_call":{"name":"f","arguments":"{\"x\":1}"}}})"},
      {"a function call of the older kind with nothing in it", "a gateway that writes its null members",
       "https://platform.openai.com/docs/api-reference/chat/create",
       events({delta(R"("content":"hi","function_call":{"name":null,"arguments":null})"), finish("stop")}),
       "hi", R"({"finish_reason":"stop"})"},
  };
  return kShapes;
}

}  // namespace shunt::testing
