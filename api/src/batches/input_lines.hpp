#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "batches/line_reader.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/file_store.hpp"

namespace shunt::api::batches {

// The lines of a stored file, read in pieces as they are asked for. Blocks. Not thread-safe.
class InputLines {
 public:
  InputLines(FileStore& files, std::string sha256, std::uint64_t bytes, std::size_t max_line_bytes)
      : files_(files), sha256_(std::move(sha256)), bytes_(bytes), reader_(max_line_bytes) {}

  // nullopt: there are no more. Fails as FileStore::read does.
  [[nodiscard]] Result<std::optional<FileLine>> next() {
    while (true) {
      if (auto line = reader_.next()) return line;
      if (offset_ == bytes_) {
        reader_.finish();
        return reader_.next();
      }
      const std::size_t length = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, bytes_ - offset_));
      auto piece = files_.read(sha256_, bytes_, offset_, length);
      if (!piece) return std::move(piece).error();
      offset_ += length;
      reader_.feed(std::move(*piece));
    }
  }

 private:
  static constexpr std::size_t kPiece = 256UL * 1024;

  FileStore& files_;
  const std::string sha256_;
  const std::uint64_t bytes_;
  std::uint64_t offset_ = 0;
  LineReader reader_;
};

}  // namespace shunt::api::batches
