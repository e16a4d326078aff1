#include "batches/batch_progress.hpp"

#include <array>

#include "batches/line_result.hpp"
#include "shunt/base/hex.hpp"

namespace shunt::api::batches {
namespace {

constexpr std::array<WorkFile, 3> kFiles{WorkFile::kOutput, WorkFile::kErrors, WorkFile::kStarted};
constexpr std::size_t kPiece = 256UL * 1024;
// Longer than any result that is written; a longer one was not written here, and is passed over.
constexpr std::size_t kMaxLine = 32UL * 1024 * 1024;
constexpr std::size_t kLineDigits = 8;

}  // namespace

WorkFile ProgressReader::file() const noexcept {
  return kFiles.at(file_);
}

Result<bool> ProgressReader::read_some(BatchPlace& place) {
  if (file_ == kFiles.size()) return true;
  if (!reader_) {
    reader_.emplace(kMaxLine);
    offset_ = whole_ = 0;
  }
  auto piece = place.read(file(), offset_, kPiece);
  if (!piece) return std::move(piece).error();
  if (piece->empty()) {
    if (whole_ < offset_) {
      if (auto cut = place.cut(file(), whole_); !cut) return std::move(cut).error();
    }
    reader_.reset();
    return ++file_ == kFiles.size();
  }
  const std::size_t last = piece->rfind('\n');
  if (last != std::string::npos) whole_ = offset_ + last + 1;
  offset_ += piece->size();
  reader_->feed(std::move(*piece));
  while (const auto line = reader_->next()) take(*line);
  return false;
}

void ProgressReader::take(const FileLine& line) {
  if (file() == WorkFile::kStarted) return take_begun(line.text);
  const auto recorded = read_recorded_line(line.text, batch_id_);
  if (!recorded || !ended_.add(recorded->line)) return;
  ++(file() == WorkFile::kOutput ? counts_.completed : counts_.failed);
  usage_.add(recorded->usage);
}

void ProgressReader::take_begun(std::string_view text) {
  const auto line = parse_hex(text.substr(0, kLineDigits));
  if (!line || text.size() < kLineDigits || text.substr(kLineDigits) == ' ' + process_) return;
  begun_.add(*line);
}

std::string begun_text(std::uint64_t line, std::string_view process) {
  return hex_number(line, kLineDigits).append(" ").append(process).append("\n");
}

}  // namespace shunt::api::batches
