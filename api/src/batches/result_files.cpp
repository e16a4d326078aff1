#include "batches/result_files.hpp"

#include <algorithm>
#include <utility>

namespace shunt::api::batches {
namespace {

constexpr std::size_t kPiece = 256UL * 1024;
constexpr std::string_view kPurpose = "batch_output";

}  // namespace

Result<bool> ResultFiles::make_some(BatchPlace& place, Batch& batch, WallTime now) {
  auto output = make_some(place, batch, WorkFile::kOutput, batch.output_file_id, now);
  if (!output || !*output) return output;
  return make_some(place, batch, WorkFile::kErrors, batch.error_file_id, now);
}

Result<std::string> ResultFiles::made_before(const Batch& batch, const std::string& name, WallTime now) {
  auto all = files_.list(batch.caller, now);
  if (!all) return std::move(all).error();
  const auto found = std::ranges::find_if(
      *all, [&](const FileRecord& each) { return each.filename == name && each.purpose == kPurpose; });
  return found == all->end() ? std::string() : found->id;
}

Result<bool> ResultFiles::make_some(BatchPlace& place, Batch& batch, WorkFile file, std::string& id,
                                    WallTime now) {
  if (!id.empty()) return true;
  const auto size = place.size(file);
  if (!size) return size.error();
  if (*size == 0) return true;
  const std::string name = batch.id + (file == WorkFile::kOutput ? "_output.jsonl" : "_error.jsonl");
  if (!upload_) {
    auto before = made_before(batch, name, now);
    if (!before) return std::move(before).error();
    id = std::move(*before);
    if (!id.empty()) return true;
    auto begun = files_.begin_upload();
    if (!begun) return std::move(begun).error();
    upload_ = std::move(*begun);
  }
  const std::uint64_t done = upload_->bytes();
  if (done < *size) {
    const auto piece = place.read(file, done, kPiece);
    if (!piece) return piece.error();
    if (auto added = upload_->append(*piece); !added) return std::move(added).error();
    return false;
  }
  FileRecord record;
  record.caller = batch.caller;
  record.filename = name;
  record.purpose = kPurpose;
  record.media_type = "application/jsonl";
  record.created_at = now;
  record.expires_at = now + life_;
  if (batch.output_expires_after_s) {
    record.expires_at =
        std::min<WallTime>(record.expires_at, now + std::chrono::seconds(*batch.output_expires_after_s));
  }
  const auto kept = files_.keep(*upload_, std::move(record), FileQuota{});
  upload_.reset();
  if (!kept) return kept.error();
  id = kept->id;
  return true;
}

}  // namespace shunt::api::batches
