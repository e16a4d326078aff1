#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "shunt/base/clock.hpp"
#include "shunt/base/json.hpp"
#include "shunt/generation/file_reference.hpp"
#include "shunt/generation/generation_id.hpp"
#include "shunt/generation/namespace.hpp"
#include "shunt/generation/on_lost.hpp"

namespace shunt::generation {

// What is written where a reader of version 1 could not go wrong.
inline constexpr int kEnvelopeVersion = 1;
// Whoever does not know `on_lost` would run again what must not be: where it is "fail", this is written.
inline constexpr int kEnvelopeVersionOfOnLost = 2;
// Whoever does not know of files would run the generation without them.
inline constexpr int kEnvelopeVersionOfFiles = 3;
// Whoever does not know that messages name files would send ids that mean nothing to anybody else.
inline constexpr int kEnvelopeVersionOfMessageFiles = 4;
inline constexpr int kNewestEnvelopeVersion = kEnvelopeVersionOfMessageFiles;  // that can be read

// Which executor runs the generation and why: decided once, at admission, and stored with it.
struct Admission {
  std::string executor;  // "sync" or "queue"
  std::string reason;    // "default", "queue_enabled", "split", ...
  // Of a decision that a flip has taken: the epoch of its record, the bucket of whoever asked, where that was
  // looked at, and the salt that the bucket was computed with. 0: there is no flip.
  std::uint64_t epoch = 0;
  std::optional<std::uint32_t> bucket{};
  std::string salt{};
  [[nodiscard]] bool operator==(const Admission&) const = default;
};
inline constexpr std::uint32_t kMostBucket = 9'999;        // see flip::Weight::kWhole
inline constexpr std::size_t kMaxAdmissionSaltBytes = 32;  // see flip::kMaxSaltBytes

// What a caller asks for, before an executor has seen it.
struct GenerationRequest {
  std::string model;
  Json input = JsonObject{};
  // The members of the input that are files, which are not in `input`, and what its messages name by id.
  InputFiles files{};
  // Who asks, as authentication named them ("" = anonymous). Scopes idempotency keys.
  std::string caller;

  // Travels with the generation to whatever process runs it.
  struct Context {
    std::string traceparent;  // W3C Trace Context, "" = none
    std::string tracestate;
    std::string tenant;
    JsonObject baggage;  // further string values, kept as they came
    // What the API that the request came through has to know of it again, when it shows the generation.
    JsonObject dialect{};
    JsonObject unknown;  // members that this version does not know, kept
  } context;

  struct Options {
    // Counted from admission; becomes the envelope's absolute deadline. Unset: the model's default.
    std::optional<std::chrono::milliseconds> timeout;
    // Opaque to Shunt, returned in the record.
    JsonObject metadata;
    JsonObject unknown;  // as in Context
  } options;

  // "" = none. At most 255 bytes (api/ checks); claimed before the generation exists (design rule 6).
  std::string idempotency_key;

  // How many generations the caller may have open, this one included; 0: no limit. Belongs to admission, as
  // the idempotency key does: it does not travel.
  std::size_t max_open = 0;

  // The executor that the caller asks for, "sync" or "queue", where its key may; "" = none. A fleet without a
  // flip has but one, and looks at neither this nor the next one. Both do not travel.
  std::string wanted_executor;
  // Whoever asks is told of an acceptance only once any process can answer for the generation.
  bool respond_async = false;
  // The decision of an executor that has handed the request on to this one: stored with the generation in
  // place of this one's own.
  std::optional<Admission> admission;
};

// The versioned form of a request that executors run from, in this process or from a queue
// (docs/envelope.md, docs/envelope.schema.json).
struct Envelope {
  int version = kEnvelopeVersion;  // as it was read; written is the lowest that says everything
  GenerationId id;
  GenerationRequest request;
  Admission admission;
  OnLost on_lost = OnLost::kRerun;
  WallTime created_at{};
  std::optional<WallTime> deadline;
  // Members that this version does not know, kept so that they survive decode and encode.
  JsonObject unknown;
};

// Compact JSON. Fails when a value cannot travel: NaN or infinity, integers beyond 2^53 - 1, invalid UTF-8,
// an empty model. The idempotency key stays behind: it belongs to admission.
[[nodiscard]] Result<std::string> encode_envelope(const Envelope& envelope);

// The same with an empty input, which may be large: of an envelope that was encoded or decoded before.
[[nodiscard]] std::string encode_head(const Envelope& envelope);

// Strict: the error names the member as a JSON pointer and what came. A version below 1 or above
// kNewestEnvelopeVersion is refused with the code `unsupported_envelope`, everything else wrong with
// `invalid_request` or a code of parse_json.
[[nodiscard]] Result<Envelope> decode_envelope(std::string_view text);

// The request's input with a text for each of its files: what says to a program, or a server, where it is.
[[nodiscard]] Json input_with_files(const GenerationRequest& request,
                                    const std::map<std::string, std::string>& texts);

// What "same payload" means for an idempotency key: SHA-256 over model, input, files and options.
[[nodiscard]] std::string request_fingerprint(const GenerationRequest& request);

}  // namespace shunt::generation
