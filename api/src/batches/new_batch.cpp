#include "batches/new_batch.hpp"

#include <utility>

#include "dialects/openai/call_members.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/base/random.hpp"

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

bool is_same(const Batch& batch, const BatchBody& body) {
  return batch.input_file_id == body.input_file_id && batch.endpoint == body.endpoint &&
         batch.metadata == body.metadata && batch.output_expires_after_s == body.output_expires_after_s;
}

}  // namespace

Result<std::optional<ShownBatch>> find_repeated(const BatchFolder& folder, const BatchBody& body,
                                                std::string_view caller, WallTime now) {
  auto all = folder.list(caller, now - kRepeatedWithin);
  if (!all) return std::move(all).error();
  for (ShownBatch& each : *all) {
    if (each.batch.created_at < now - kRepeatedWithin) break;
    if (is_same(each.batch, body)) return std::optional(std::move(each));
  }
  return std::optional<ShownBatch>();
}

Result<Batch> make_batch(FileStore& files, BatchFolder& folder, BatchBody body, const BatchOwner& owner,
                         const BatchOptions& options, WallTime now) {
  const auto input = find_input(files, body.input_file_id, owner.caller, options, now);
  if (!input) return input.error();
  Batch batch;
  batch.id = "batch_" + random_name();
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
  if (auto added = folder.add(batch, quota); !added) return std::move(added).error();
  return batch;
}

}  // namespace shunt::api::batches
