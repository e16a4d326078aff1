#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "s3_answer.hpp"
#include "s3_client.hpp"
#include "s3_list.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

namespace shunt::generation::s3 {

// The part of a bucket where a file store's objects lie. Names are those of s3_file_names.hpp, without what
// stands in front of all of them. Everything fails with `file_store_failed` or `storage_full`, and with
// `file_gone` where it is said. Calls block. Any thread.
class FileBucket {
 public:
  // Options that checked() has returned.
  explicit FileBucket(S3Options options);

  [[nodiscard]] Result<NameList> page(const std::string& prefix, const std::string& after = {},
                                      std::size_t most = 1000);
  // All names that begin so; fails where they are more than `most`.
  [[nodiscard]] Result<std::vector<std::string>> names(const std::string& prefix, std::size_t most);

  [[nodiscard]] Result<void> put(const std::string& name, std::string_view text = {});
  // As long as `source` says, with that digest.
  [[nodiscard]] Result<void> put(const std::string& name, const std::string& sha256, http::BodySource source);
  // Fine where it is not there.
  [[nodiscard]] Result<void> remove(const std::string& name);
  // Once, and with an answer within `most_time`, or else nobody knows.
  [[nodiscard]] Result<void> remove_once(const std::string& name, std::chrono::milliseconds most_time);

  // Fails with `file_gone`.
  [[nodiscard]] Result<std::string> read(const std::string& name, const Part& part);
  // All of an object that is small; nullopt: it is not there. Fails where it is larger.
  [[nodiscard]] Result<std::optional<std::string>> read_small(const std::string& name, std::size_t most);
  // Whether it is there, and has so many bytes.
  [[nodiscard]] Result<bool> has(const std::string& name, std::size_t bytes);

 private:
  Client client_;
  const Bucket bucket_;
};

}  // namespace shunt::generation::s3
