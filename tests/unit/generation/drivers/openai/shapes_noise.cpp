#include "answer_shape.hpp"

namespace shunt::testing {
namespace {

const std::string kHi = events({text("Hi")});
const std::string kRest = events({finish("stop"), kDone});

std::string between(const std::string& noise) {
  return noise + kHi + noise + kRest + noise;
}

}  // namespace

const AnswerShapes& noise_shapes() {
  static const AnswerShapes kShapes = {
      {"comments", "OpenRouter", "openai/openai-go#227", between(": OPENROUTER PROCESSING\n\n"), "Hi",
       kStopped},
      {"comments without a blank", "DeepSeek", "tmc/langchaingo#1171", between(":keep-alive\n\n:\n\n"), "Hi",
       kStopped},
      {"a comment with one line end", "llmgateway", "theopenco/llmgateway#2334", between(": ping\n"), "Hi",
       kStopped},
      {"an empty data", "a proxy", "netease-lcap/wave-agent#1326", between("data:\n\ndata: \n\ndata\n\n"),
       "Hi", kStopped},
      {"a ping as JSON", "copilot-api", "caozhiyuan/copilot-api#88",
       between("event: ping\ndata: {\"type\":\"ping\"}\n\n"), "Hi", kStopped},
      {"a ping as JSON without a type of event", "Anthropic's compatible end", "caozhiyuan/copilot-api#88",
       between("data: {\"type\": \"ping\"}\n\n"), "Hi", kStopped},
      {"a ping as a word", "a gateway", "duolahypercho/codex-router#145", between("data: pong\n\n"), "Hi",
       kStopped},
      {"an event of the server's own", "a gateway", "justlovemaki/AIClient2API#695",
       between("event: status\nid: 7\nretry: 100\ndata: {\"message\":\"working\",\"code\":1}\n\nevent: "
               "note\ndata: not {json\n\n"),
       "Hi", kStopped},
      {"null as a keep-alive", "a proxy", "netease-lcap/wave-agent#1326", between("data: null\n\n"), "Hi",
       kStopped},
      {"an object that says nothing", "a gateway", "Growth-Circle/cadis#997",
       between("data: {}\n\ndata: {\"seq\":3}\n\n"), "Hi", kStopped},
      {"a name of the event for every chunk", "a gateway", "betalgo/openai#408",
       "event: message\n" + kHi + "event: completion\n" + kRest, "Hi", kStopped},
      {"no blank behind data:", "AIClient2API", "justlovemaki/AIClient2API#695",
       "data:" + text("Hi") + "\n\ndata:" + finish("stop") + "\n\ndata:[DONE]\n\n", "Hi", kStopped},
      {"CRLF", "a proxy", "langchain-ai/langgraph#2560",
       "data: " + text("Hi") + "\r\n\r\n: x\r\n\r\ndata: " + finish("stop") + "\r\n\r\ndata: [DONE]\r\n\r\n",
       "Hi", kStopped},
      {"CR alone", "a proxy", "langchain-ai/langgraph#2560",
       "data: " + text("Hi") + "\r\rdata: " + finish("stop") + "\r\rdata: [DONE]\r\r", "Hi", kStopped},
      {"line ends of all kinds, mixed", "a proxy", "mlflow/mlflow#20578",
       "data: " + text("Hi") + "\n\r\ndata: " + finish("stop") + "\r\r\ndata: [DONE]\n\r", "Hi", kStopped},
      {"a byte order mark", "a proxy", "https://html.spec.whatwg.org/multipage/server-sent-events.html",
       "\xEF\xBB\xBF" + kHi + kRest, "Hi", kStopped},
      {"a byte order mark before JSON", "a proxy", "https://www.rfc-editor.org/rfc/rfc8259",
       "\xEF\xBB\xBF"
       R"({"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]})",
       "Hi", kStopped, "", true, "application/json"},
      {"a document over several data lines", "codex-router", "duolahypercho/codex-router#145",
       "data: {\"choices\":[{\"delta\":\ndata: {\"content\":\"Hi\"}}]}\n\n" + kRest, "Hi", kStopped},
      {"one line end between the events", "a proxy", "mlflow/mlflow#20578",
       "data: " + text("Hi") + "\ndata: " + text(" you") + "\ndata: " + finish("stop") + "\ndata: [DONE]\n\n",
       "Hi you", kStopped},
      {"events glued together", "a proxy", "theopenco/llmgateway#2334",
       "data: " + text("Hi") + "data: " + text(" you") + "data: " + finish("stop") + "\n\ndata: [DONE]\n\n",
       "Hi you", kStopped},
      {"a chunk without data:", "a proxy", "liquidos-ai/AutoAgents#99", kHi + text(" you") + "\n" + kRest,
       "Hi you", kStopped},
      {"an infinity that nobody reads", "vLLM", "vllm-project/vllm#10234",
       events({R"({"prompt_logprobs":[-Infinity, NaN, Infinity],"choices":[{"delta":{"content":"Hi"}}]})"}) +
           kRest,
       "Hi", kStopped},
      {"an integer beyond 2^53 that nobody reads", "Ollama by a proxy",
       "RageAgainstThePixel/OpenAI-DotNet#314",
       events(
           {R"({"created":18446744073709551615,"nanos":99999999999999999999999999,"choices":[{"delta":{"content":"Hi"}}]})"}) +
           kRest,
       "Hi", kStopped},
      {"a time with a fraction", "SambaNova", "envoyproxy/ai-gateway#962",
       events({R"({"created":1753708419.123,"choices":[{"delta":{"content":"Hi"}}]})"}) + kRest, "Hi",
       kStopped},
      {"an integer beyond 2^53 in what is kept", "a gateway", "rajudandigam/agent-inspect#128",
       events({text("Hi"), R"({"choices":[],"usage":{"total_tokens":2,"nanos":12345678901234567890}})"}) +
           kRest,
       "Hi", R"({"finish_reason":"stop","usage":{"total_tokens":2,"nanos":"12345678901234567890"}})"},
      {"an invalid byte that nobody reads", "llama.cpp", "ggml-org/llama.cpp#11738",
       "data: {\"system_fingerprint\":\"b\xC3\x28\",\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\n" +
           kRest,
       "Hi", kStopped},
      {"a raw tab and half a surrogate pair in a text", "a gateway", "unslothai/llama.cpp#202",
       "data: {\"choices\":[{\"delta\":{\"content\":\"H\ti\\ud83d\"}}]}\n\n" + kRest, "H\ti\xEF\xBF\xBD",
       kStopped},
      {"a key that stands twice", "a gateway", "Oaklight/llm-rosetta#444",
       events(
           {R"({"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null,"finish_reason":null}]})"}) +
           kRest,
       "Hi", kStopped},
      {"chunks whose ids differ", "LiteLLM", "BerriAI/litellm#1571",
       events({R"({"id":"a","choices":[{"index":0,"delta":{"content":"H","role":null}}],"usage":{}})",
               R"({"id":"b","choices":[{"index":0,"delta":{"content":"i","role":null}}],"usage":{}})"}) +
           kRest,
       "Hi", kStopped},
      {"a cut document in the middle", "a proxy", "vllm-project/aibrix#2653",
       kHi + "data: {\"choices\":[{\"del\n\n" + kRest, "Hi", "", "upstream_broken"},
  };
  return kShapes;
}

}  // namespace shunt::testing
