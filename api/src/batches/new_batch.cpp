#include "batches/new_batch.hpp"

#include <utility>

#include "dialects/openai/call_members.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/random.hpp"
#include "shunt/generation/error_codes.hpp"

namespace shunt::api::batches {
namespace {

constexpr std::chrono::hours kWindow{24};
// Clients that send a POST again do so within some seconds.
constexpr std::chrono::seconds kRepeatedWithin{60};
// Lines that are under way when the time is over end a little later, and processes may be late.
constexpr std::chrono::hours kHoldSlack{24};

Error bad_input(std::string message) {
  return dialects::openai::bad_member("/input_file_id", std::move(message));
}

Result<FileRecord> find_input(FileStore& files, const std::string& id, const std::string& caller,
                              const BatchOptions& options, WallTime now) {
  auto found = files.find(caller, id, now);
  if (!found) return std::move(found).error();
  if (!*found) return bad_input("input_file_id names no file of yours: \"" + excerpt(id) + '"');
  FileRecord& file = **found;
  if (file.purpose != "batch") {
    return bad_input("input_file_id must be a file of the purpose \"batch\", got one of \"" + file.purpose +
                     '"');
  }
  if (file.bytes > options.max_bytes) {
    return bad_input("the input file has " + std::to_string(file.bytes) + " bytes, more than the " +
                     std::to_string(options.max_bytes) + " that it may have (batches.max_bytes)");
  }
  return std::move(file);
}

template <typename Wanted>  // a batch, or what one is asked for with
bool is_same(const Batch& batch, const Wanted& body) {
  return batch.input_file_id == body.input_file_id && batch.endpoint == body.endpoint &&
         batch.metadata == body.metadata && batch.output_expires_after_s == body.output_expires_after_s;
}

// A key leads to the batch for as long as that is shown.
std::string id_of(const BatchOwner& owner) {
  constexpr std::size_t kDigits = 32;
  return "batch_" + sha256_hex(owner.caller + '\n' + owner.idempotency_key).substr(0, kDigits);
}

// The batch that was made with the same key before, if it was the same.
Result<ShownBatch> joined(const BatchFolder& folder, const Batch& batch) {
  auto found = folder.find(batch.caller, batch.id);
  if (!found) return std::move(found).error();
  if (*found && is_same((*found)->batch, batch)) return std::move(**found);
  return Error{error_code::kIdempotencyConflict, "the Idempotency-Key belongs to another batch: " + batch.id};
}

}  // namespace

std::optional<ShownBatch> find_repeated(const BatchFolder& folder, const BatchBody& body,
                                        std::string_view caller, WallTime now) {
  std::optional<ShownBatch> newest;
  folder.visit(caller, now - kRepeatedWithin, [&](ShownBatch each) {
    if (each.batch.created_at < now - kRepeatedWithin || !is_same(each.batch, body)) return;
    if (!newest || rank_of(newest->batch) < rank_of(each.batch)) newest = std::move(each);
  });
  return newest;
}

Result<ShownBatch> make_batch(FileStore& files, BatchFolder& folder, BatchBody body, const BatchOwner& owner,
                              const BatchOptions& options, WallTime now) {
  const auto input = find_input(files, body.input_file_id, owner.caller, options, now);
  if (!input) return input.error();
  Batch batch;
  batch.id = owner.idempotency_key.empty() ? "batch_" + random_name() : id_of(owner);
  batch.caller = owner.caller;
  batch.endpoint = std::move(body.endpoint);
  batch.input_file_id = input->id;
  batch.input_sha256 = input->sha256;
  batch.input_bytes = input->bytes;
  batch.metadata = std::move(body.metadata);
  batch.output_expires_after_s = body.output_expires_after_s;
  batch.created_at = now;
  batch.expires_at = now + kWindow;
  const FileReference file{.sha256 = input->sha256,
                           .bytes = input->bytes,
                           .media_type = input->media_type,
                           .filename = input->filename};
  const FileUse use{
      .caller = owner.caller, .now = now, .until = batch.expires_at + kHoldSlack, .quota = owner.files};
  if (auto held = files.hold(file, use); !held) return std::move(held).error();
  const BatchQuota quota{.max_open = options.max_open_per_key, .retention = options.retention};
  const auto added = folder.add(batch, quota);
  if (!added) return added.error();
  if (*added) return ShownBatch{.batch = std::move(batch)};
  return joined(folder, batch);
}

}  // namespace shunt::api::batches
