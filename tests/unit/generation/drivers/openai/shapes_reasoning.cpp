#include "answer_shape.hpp"

namespace shunt::testing {

const AnswerShapes& reasoning_shapes() {
  static const AnswerShapes kShapes = {
      {"thoughts before the text", "DeepSeek", "https://api-docs.deepseek.com/guides/reasoning_model",
       events({delta(R"("role":"assistant","content":null,"reasoning_content":"2 and")"),
               delta(R"("content":null,"reasoning_content":" 2")"),
               delta(R"("content":"4","reasoning_content":null)"), finish("stop"), kDone}),
       "4", R"({"finish_reason":"stop","message":{"reasoning_content":"2 and 2"}})"},
      {"thoughts under the newer name", "vLLM", "strands-agents/harness-sdk#2354",
       events(
           {delta(R"("reasoning":"Hm")"), delta(R"("reasoning":"m.")"), text("No"), finish("stop"), kDone}),
       "No", R"({"finish_reason":"stop","message":{"reasoning":"Hmm."}})"},
      {"thoughts under both names", "vLLM", "vllm-project/vllm#34030",
       events({delta(R"("reasoning":"Hm","reasoning_content":"Hm")"),
               delta(R"("reasoning":"m.","reasoning_content":"m.")"), text("No"), finish("stop"), kDone}),
       "No", R"({"finish_reason":"stop","message":{"reasoning":"Hmm.","reasoning_content":"Hmm."}})"},
      {"details whose format is repeated and whose signature comes last", "OpenRouter", "agno-agi/agno#8794",
       events(
           {delta(
                R"("reasoning_details":[{"type":"reasoning.text","text":"Add","format":"claude-v1","index":0}])"),
            delta(
                R"("reasoning_details":[{"type":"reasoning.text","text":" up","format":"claude-v1","index":0}])"),
            delta(
                R"("reasoning_details":[{"type":"reasoning.text","signature":"c2ln","format":"claude-v1","index":0}])"),
            text("7"), finish("stop")}),
       "7",
       R"({"finish_reason":"stop","message":{"reasoning_details":[{"type":"reasoning.text","text":"Add up",)"
       R"("format":"claude-v1","index":0,"signature":"c2ln"}]}})"},
      {"details of two kinds under one index", "OpenRouter", "agno-agi/agno#8802",
       events({delta(R"("reasoning_details":[{"type":"reasoning.text","text":"A","index":0}])"),
               delta(R"("reasoning_details":[{"type":"reasoning.encrypted","data":"eA==","index":0}])"),
               delta(R"("reasoning_details":[{"type":"reasoning.text","text":"B","index":0}])"), text("7"),
               finish("stop")}),
       "7",
       R"({"finish_reason":"stop","message":{"reasoning_details":[{"type":"reasoning.text","text":"AB","index":0},)"
       R"({"type":"reasoning.encrypted","data":"eA==","index":0}]}})"},
      {"details without an index", "OpenRouter", "OpenRouterTeam/ai-sdk-provider#240",
       events(
           {delta(
                R"("reasoning":"A","reasoning_details":[{"type":"reasoning.text","text":"A","format":"g-v1"}])"),
            delta(
                R"("reasoning":"B","reasoning_details":[{"type":"reasoning.text","text":"B","format":"g-v1"}])"),
            delta(
                R"("reasoning_details":[{"type":"reasoning.encrypted","data":"eA==","id":"t1","format":"g-v1"}])"),
            text("7"), finish("stop")}),
       "7",
       R"({"finish_reason":"stop","message":{"reasoning":"AB","reasoning_details":[)"
       R"({"type":"reasoning.text","text":"AB","format":"g-v1"},)"
       R"({"type":"reasoning.encrypted","data":"eA==","id":"t1","format":"g-v1"}]}})"},
      {"thoughts as typed parts of the content", "Mistral", "symfony/ai#2422",
       events(
           {delta(R"("content":[{"type":"thinking","thinking":[{"type":"text","text":"One "}]}])"),
            delta(
                R"("content":[{"type":"thinking","thinking":[{"type":"text","text":"moment"}],"closed":true}])"),
            delta(R"("content":"Done")"), finish("stop"), kDone}),
       "Done", R"({"finish_reason":"stop","message":{"reasoning_content":"One moment"}})"},
      {"thoughts as a plain text in a typed part", "Mistral", "vercel/ai#8072",
       events({delta(R"("content":[{"type":"thinking","thinking":"Quick"},{"type":"text","text":"Ok"}])"),
               finish("stop")}),
       "Ok", R"({"finish_reason":"stop","message":{"reasoning_content":"Quick"}})"},
      {"only thoughts, and an end", "Qwen", "openclaw/openclaw#64432",
       events({delta(R"("reasoning_content":"...")"), delta(R"("content":"")"), finish("length"), kDone}), "",
       R"({"finish_reason":"length","message":{"reasoning_content":"..."}})"},
      {"thoughts so far in the message beside the delta", "Perplexity", "open-webui/open-webui#9927",
       events(
           {R"({"choices":[{"index":0,"delta":{"reasoning_content":"a"},"message":{"reasoning_content":"a"}}]})",
            R"({"choices":[{"index":0,"delta":{"reasoning_content":"b"},"message":{"reasoning_content":"ab"}}]})",
            R"({"choices":[{"index":0,"delta":{"content":"c"},"message":{"content":"c","reasoning_content":"ab"},)"
            R"("finish_reason":"stop"}]})"}),
       "c", R"({"finish_reason":"stop","message":{"reasoning_content":"ab"}})"},
      {"speech in pieces", "OpenAI", "https://platform.openai.com/docs/guides/audio",
       events({delta(R"("audio":{"id":"a1","transcript":"Go"})"),
               delta(R"("audio":{"data":"QUI=","transcript":"od"})"),
               delta(R"("audio":{"id":"a1","expires_at":9})"), finish("stop"), kDone}),
       "",
       R"({"finish_reason":"stop","message":{"audio":{"id":"a1","data":"QUI=","transcript":"Good","expires_at":9}}})"},
  };
  return kShapes;
}

}  // namespace shunt::testing
