#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "dialects/repeat_rule.hpp"
#include "representation/body_use.hpp"
#include "representation/url_signer.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/json.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/envelope.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/generation_event.hpp"
#include "shunt/generation/generation_record.hpp"
#include "shunt/generation/model_registry.hpp"
#include "shunt/http/request_target.hpp"
#include "shunt/http/server/request.hpp"
#include "shunt/http/server/response.hpp"
#include "shunt/webhooks/webhook.hpp"

// A dialect is the API of another server, as that server's clients speak it. Each is a folder beside this
// file: rows for the route table, what makes a GenerationRequest of a request, and what makes answers of the
// one stream of events. Nothing here does I/O or knows an executor: routes/dialect_*.cpp carry out what an
// Endpoint describes, the same for all.
namespace shunt::api::dialects {

// A stored generation, and what it was asked for where that is still known.
struct Stored {
  const GenerationRecord& record;
  const GenerationRequest* request;
};

// What an endpoint may look at of a request, beside its body.
struct CallContext {
  const http::Request& request;  // its headers
  const http::RequestTarget& target;
  std::span<const std::string_view> path;  // the {name} segments of the path
  std::string base_url;  // "http://host:port": server.public_url, or as the client has reached us
  // A model that the caller may use. What is wrong with the name otherwise.
  std::function<Result<std::shared_ptr<const Model>>(std::string_view name)> find_model;
  WallTime now;
  // The models that the caller may use.
  std::function<std::vector<std::shared_ptr<const Model>>()> models{};
  std::string caller{};             // "key:NAME"; "" without API keys
  const UrlSigner* urls = nullptr;  // makes the tokens of rows that are opened by one
  // What the caller's webhooks are signed with, if that is the caller's to know.
  std::function<Result<std::string>()> webhook_secret{};
  // The names of the files in the request's form; of those of the name "image[]" "image[0]", "image[1]", ...
  std::vector<std::string> files{};
  // What endpoint::Run::needs has named; nullptr: there is no such generation of this caller's.
  const Stored* earlier = nullptr;
};

// A file's or an artifact's bytes, once they are there.
using Bytes = std::shared_ptr<const std::string>;

// How the events and the end of one generation become answers. Belongs to one request; used from one thread.
class Rendering {
 public:
  virtual ~Rendering() = default;

  // The whole answer of a generation that has succeeded. `artifacts` has the bytes of record.artifacts, in
  // their order, where wants_artifacts() says so; otherwise it is empty.
  virtual void answer(http::Response& response, const GenerationRecord& record,
                      std::span<const Bytes> artifacts) = 0;
  [[nodiscard]] virtual bool wants_artifacts() const { return false; }
  // The answer is the bytes of this artifact as they are, and is sent in pieces; nullptr: answer() makes it.
  [[nodiscard]] virtual const Artifact* artifact(const GenerationRecord& record) const {
    (void)record;
    return nullptr;
  }
  // The answer where the generation has not ended when the request's wait is over, or was not to be waited
  // for. False: the dialect has none, and the client is told that the wait's deadline has passed.
  [[nodiscard]] virtual bool answer_pending(http::Response& response, const GenerationRecord& record) {
    (void)response;
    (void)record;
    return false;
  }
  // The answer where the generation has failed or was cancelled. False: the error is answered in the
  // dialect's form.
  [[nodiscard]] virtual bool answer_failed(http::Response& response, const GenerationRecord& record) {
    (void)response;
    (void)record;
    return false;
  }

  // Before any of these: what it was asked for, where wants_request() says so and it is still known, and the
  // events so far, where wants_events() does.
  [[nodiscard]] virtual bool wants_request() const { return false; }
  virtual void take_request(GenerationRequest request) { (void)request; }
  [[nodiscard]] virtual bool wants_events() const { return false; }
  virtual void take_event(const GenerationEvent& event) { (void)event; }

  // Streams: their media type, what follows from one event (the last one included), and what keeps a silent
  // connection alive.
  [[nodiscard]] virtual std::string_view stream_type() const { return "text/event-stream"; }
  virtual void append_event(std::string& out, const GenerationEvent& event) = 0;
  [[nodiscard]] virtual std::string_view heartbeat() const { return ":\n\n"; }
  // What tells the client of a stream that it ends here, though the generation may go on.
  virtual void append_cut(std::string& out, const Error& why) {
    (void)out;
    (void)why;
  }

  // Once the generation exists, and before anything else: which one it is, and header lines of every answer,
  // errors included.
  virtual void begin(http::Response& response, const GenerationId& id) {
    (void)response;
    (void)id;
  }
};

// A request that runs a generation.
struct Call {
  GenerationRequest request;  // without the caller, whom the server knows
  std::shared_ptr<const Model> model;
  bool streams = false;
  // How long the answer may wait for the end; nullopt: as long as server.wait_deadline lets it. 0: not at
  // all.
  std::optional<std::chrono::milliseconds> wait;
  // The generation goes on when its client goes, whatever the model says.
  bool goes_on_alone = false;
  // Which member of the input each file of the form is; one that is not here keeps its name.
  std::map<std::string, std::string, std::less<>> file_members{};
  // Where the client has written each file that the messages of the input name by id, in their order
  // (representation/given_message_files.hpp); empty: where they stand in the input.
  std::vector<std::string> file_places{};
  // Where the end is to be told, as the body of POST /v1/generations has it, and in which form
  // (shunt/api/webhook_forms.hpp; "" = ours). A form without a webhook: what a configured one tells of it.
  std::optional<Json> webhook{};
  std::string webhook_form{};
  // What is told there beside the end, and whether that is.
  webhooks::News webhook_news{};
  bool webhook_tells_end = true;
  std::unique_ptr<Rendering> rendering;
};

// What becomes of a route's requests.
namespace endpoint {

// POST: runs a generation. `body` is the request's JSON object; of a form, its fields, all texts, a name with
// "[]" at its end as an array (representation/form_fields.hpp).
struct Run {
  Result<Call> (*make_call)(const CallContext& context, JsonObject body);
  BodyUse body = BodyUse::kRequired;
  // Whether an equal POST joins an earlier one's generation, where there is no Idempotency-Key; nullptr:
  // never.
  std::optional<RepeatRule> (*join)(const http::Headers& headers) = nullptr;
  // The stored generation that the body goes on from, which make_call finds in the context.
  std::optional<GenerationId> (*needs)(const JsonObject& body) = nullptr;
};

// GET of one generation: whole, or as a stream.
struct Show {
  // Whose id the path names; nullopt: it cannot be one.
  std::optional<GenerationId> (*id_of)(std::string_view path);
  // The parameters of the query that are there, read. Fails on one that is not usable.
  struct Wanted {
    bool streams = false;
    std::uint64_t after = 0;  // only for streams: what of the dialect's own events the client has
  };
  Result<Wanted> (*read_query)(const CallContext& context);
  std::unique_ptr<Rendering> (*make_rendering)(const CallContext& context, const Stored& stored,
                                               const Wanted& wanted);
  // What forbids it; nullopt: nothing.
  std::optional<Error> (*refusal)(const Stored& stored) = nullptr;
};

// POST: asks a generation to stop, and answers with it as it stands.
struct Cancel {
  std::optional<GenerationId> (*id_of)(std::string_view path);
  // What forbids it; nullopt: nothing.
  std::optional<Error> (*refusal)(const Stored& stored);
  void (*answer)(http::Response& response, const CallContext& context, const Stored& stored);
  // How long the answer waits for the end, so that it can tell of it.
  std::chrono::milliseconds settles_in{0};
};

// DELETE of an ended generation.
struct Remove {
  std::optional<GenerationId> (*id_of)(std::string_view path);
  void (*answer)(http::Response& response, const GenerationRecord& record);
  // What forbids it; nullopt: nothing.
  std::optional<Error> (*refusal)(const Stored& stored) = nullptr;
};

// A page of the caller's generations, newest first.
struct List {
  struct Wanted {
    std::size_t limit = 20;
    std::optional<GenerationId> before;  // the page begins behind this one
    std::string model;                   // "" = of all
  };
  Result<Wanted> (*read_query)(const CallContext& context);
  void (*answer)(http::Response& response, const CallContext& context, std::span<const Stored> page,
                 const std::optional<GenerationId>& next);
};

// What needs no generation. `models` are those that the caller may use.
struct Tell {
  Result<void> (*answer)(http::Response& response, const CallContext& context,
                         std::span<const std::shared_ptr<const Model>> models);
  BodyUse body = BodyUse::kNone;
};

// GET of the artifact {name} of the generation {id}: its bytes.
struct ShowArtifact {};

// Files that callers keep here. `answer` gets the file or files.
using AnswerFile = void (*)(http::Response& response, const CallContext& context, const FileRecord& file);
// POST of a form with the file in the part `part`. Other parts are fields.
struct UploadFile {
  std::string_view part;
  std::span<const std::string_view> fields;  // that may come
  // Fills in what the fields say; `file` has its name, its type and its purpose.
  Result<void> (*describe)(FileRecord& file, const std::map<std::string, std::string, std::less<>>& fields);
  AnswerFile answer;
};
struct ShowFile {
  AnswerFile answer;
};
// All of the caller's, newest first.
struct ListFiles {
  Result<void> (*answer)(http::Response& response, const CallContext& context,
                         std::span<const FileRecord> files);
};
struct RemoveFile {
  AnswerFile answer;
};

// Batches, as OpenAI has them (batches/batch_runner.hpp).
enum class Batches { kCreate, kList, kShow, kCancel };

}  // namespace endpoint

using Endpoint =
    std::variant<endpoint::Run, endpoint::Show, endpoint::Cancel, endpoint::Remove, endpoint::List,
                 endpoint::Tell, endpoint::ShowArtifact, endpoint::UploadFile, endpoint::ShowFile,
                 endpoint::ListFiles, endpoint::RemoveFile, endpoint::Batches>;

// What a request needs: an API key, or the token that UrlSigner makes for the row's `operation` of the path's
// {name} segments (subject_of), in the query parameter `token`.
enum class OpenedBy { kKey, kToken };

// What a token is for: the {name} segments, with "/" between.
[[nodiscard]] std::string subject_of(std::span<const std::string_view> path);

struct Row {
  std::string_view method;
  std::string_view path;       // behind the dialect's prefix; "{name}" stands for one segment
  std::string_view operation;  // the route's label in metrics
  std::string_view summary;
  Endpoint endpoint;
  OpenedBy opened_by = OpenedBy::kKey;
};

struct Dialect {
  std::string_view name;
  // Each row is there once behind each of these.
  std::span<const std::string_view> prefixes;
  std::span<const Row> rows;
  http::ErrorWriter write_error;
  // Paths behind "/v1" where our own routes answer this dialect's clients, too, and how errors look there.
  std::span<const std::string_view> shared{};
  http::ErrorWriter write_shared_error = nullptr;
};

// All that there are.
[[nodiscard]] std::span<const Dialect> all();

// How errors look at a path that no route has; nullptr: as our own.
[[nodiscard]] http::ErrorWriter errors_below(const http::RequestTarget& target);

}  // namespace shunt::api::dialects
