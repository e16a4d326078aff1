#pragma once

#include <string>

#include "dialects/dialect.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/json_object_writer.hpp"

namespace shunt::api::dialects::openai {

// Answers that come as chunks of one form: chats and completions. What a chunk is, the derived class says.
//
// A client that has been told something cannot be told to forget it: where a worker was lost and another one
// begins anew, its stream ends with an error, unless nothing had been said yet.
class ChunkStream : public Rendering {
 public:
  void begin(http::Response& response, const GenerationId& id) final;
  void append_event(std::string& out, const GenerationEvent& event) final;
  void append_cut(std::string& out, const Error& why) final;

 protected:
  struct Form {
    std::string model;
    std::string_view id_prefix;  // "chatcmpl-"
    std::string_view chunk;      // "chat.completion.chunk"
    bool include_usage;          // the last chunk has the token counts, the others null
  };
  explicit ChunkStream(Form form) : form_(std::move(form)) {}

  // The members id, object, created and model.
  void write_head(JsonObjectWriter& object, std::string_view kind) const;

  // A chunk whose list of choices is written between these two.
  void begin_chunk(std::string& out);
  static void end_chunk(std::string& out) { out += "]}\n\n"; }

  // The chunks of a piece, and the last one with a choice.
  virtual void append_delta(std::string& out, const event::Delta& delta) = 0;
  virtual void append_end(std::string& out, const Json& result) = 0;

 private:
  void append_failure(std::string& out, const Error& error);
  void append_usage(std::string& out, const Json& result) const;

  const Form form_;
  std::string id_;
  std::int64_t created_ = 0;
  std::string head_;   // of every chunk
  bool said_ = false;  // something of the answer is
  bool over_ = false;  // nothing more is told
};

}  // namespace shunt::api::dialects::openai
