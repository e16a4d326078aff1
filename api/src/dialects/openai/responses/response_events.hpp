#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dialects/openai/responses/response_object.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/generation/generation_event.hpp"

namespace shunt::api::dialects::openai {

// Makes a response's stream of a generation's events. What comes out follows from the events alone, so that a
// stream which is read again, from any process, has the same events under the same sequence numbers: to go on
// behind one is to leave out what comes before.
//
// Where a worker was lost and another one begins anew, "response.in_progress" comes once more, with an empty
// output: the items of before are void, and those that follow have the same places and ids.
class ResponseEvents {
 public:
  // Leaves out the first `skip` events.
  ResponseEvents(GenerationId id, ResponseFacts facts, std::uint64_t skip = 0)
      : id_(id), facts_(std::move(facts)), skip_(skip) {}

  void append(std::string& out, const GenerationEvent& event);

 private:
  enum class Kind { kReasoning, kMessage, kCall };
  // Of a message's or a reasoning's content.
  struct Part {
    bool refusal = false;
    std::string text{};
    JsonArray logprobs{};
  };
  struct Item {
    Kind kind;
    std::string id;
    std::vector<Part> parts{};
    ToolCall call{};  // of Kind::kCall
    bool open = true;
    std::string_view status = "in_progress";
  };
  using Index = std::size_t;

  void tell_response(std::string& out, std::string_view type, const ResponseState& state);
  void say(std::string& out, std::string_view text, const MessageParts* parts);
  void reason(std::string& out, std::string_view piece);
  void write(std::string& out, bool refusal, std::string_view piece, const JsonArray& logprobs);
  void call(std::string& out, const ToolCall& piece);
  void add_to_part(std::string& out, Index at, std::size_t part, std::string_view piece,
                   const JsonArray& logprobs);
  [[nodiscard]] Index add_item(std::string& out, Item item);
  std::size_t add_part(std::string& out, Index at, bool refusal);
  void close_item(std::string& out, Index at, std::string_view status);
  void close_part(std::string& out, Index at, std::size_t part);
  void close_reasoning(std::string& out);
  void end(std::string& out, std::string_view type, std::string_view item_status, ResponseState state);
  [[nodiscard]] std::optional<Index> find(Kind kind) const;
  [[nodiscard]] std::optional<Index> find_call(std::uint32_t index) const;
  [[nodiscard]] static std::string_view type_of(const Item& item, const Part& part, bool done);
  static void append_item(std::string& out, const Item& item);
  static void append_part(std::string& out, const Item& item, const Part& part);

  // One event whose members behind `type` and `sequence_number` `write_members` writes.
  template <typename WriteMembers>
  void tell(std::string& out, std::string_view type, WriteMembers write_members);

  const GenerationId id_;
  const ResponseFacts facts_;
  std::uint64_t skip_;
  std::uint64_t next_ = 0;  // sequence_number
  std::vector<Item> items_{};
};

}  // namespace shunt::api::dialects::openai
