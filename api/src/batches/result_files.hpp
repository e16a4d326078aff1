#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "batches/batch.hpp"
#include "batches/batch_folder.hpp"
#include "shunt/api/namespace.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/file_store.hpp"

namespace shunt::api::batches {

// Makes files of the owner's of a batch's results, a piece a call. One that an earlier process has made is
// found by its name. They are kept beyond the owner's quota, since what they hold is paid for. Blocks. Not
// thread-safe.
class ResultFiles {
 public:
  // `life`: how long they are kept, unless the batch says otherwise.
  ResultFiles(FileStore& files, std::chrono::milliseconds life) : files_(files), life_(life) {}

  // True: both are made, or not needed. Fills in their ids.
  [[nodiscard]] Result<bool> make_some(BatchPlace& place, Batch& batch, WallTime now);

 private:
  [[nodiscard]] Result<bool> make_some(BatchPlace& place, Batch& batch, WorkFile file, std::string& id,
                                       WallTime now);
  [[nodiscard]] Result<std::string> made_before(const Batch& batch, const std::string& name, WallTime now);

  FileStore& files_;
  const std::chrono::milliseconds life_;
  std::unique_ptr<FileUpload> upload_;
};

}  // namespace shunt::api::batches
