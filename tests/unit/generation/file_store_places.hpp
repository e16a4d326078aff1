#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "s3_file_names.hpp"
#include "s3_file_store.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/base/random.hpp"
#include "shunt/generation/bucket_file_store.hpp"
#include "shunt/generation/file_store.hpp"
#include "shunt/generation/noted_stores.hpp"
#include "shunt/http/blocking_client.hpp"
#include "support/child_server.hpp"

namespace shunt::generation {

// Where a store of files keeps them, as a test sees it from outside. Nothing is left of it afterwards.
class FileStorePlace {
 public:
  virtual ~FileStorePlace() = default;
  // A further one on the same place.
  virtual std::unique_ptr<FileStore> store(std::uint64_t min_free_bytes = 0) = 0;
  // Everything that is stored; locks are no part of any file.
  virtual std::size_t files_left() = 0;
  virtual void change_bytes(const std::string& sha256, std::string_view bytes) = 0;
  virtual void leave_record(std::string_view caller, const std::string& id, std::string_view text) = 0;
};
using PlaceMaker = std::unique_ptr<FileStorePlace> (*)();

inline std::size_t files_below(const std::filesystem::path& folder) {
  std::size_t count = 0;
  std::error_code failure;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, failure))
    count += entry.is_regular_file() && entry.path().filename() != "lock" ? 1U : 0U;
  return count;
}

class FolderPlace final : public FileStorePlace {
 public:
  ~FolderPlace() override { std::filesystem::remove_all(folder_); }
  std::unique_ptr<FileStore> store(std::uint64_t min_free_bytes = 0) override {
    return make_directory_file_store(folder_, min_free_bytes);
  }
  std::size_t files_left() override { return files_below(folder_); }
  void change_bytes(const std::string& sha256, std::string_view bytes) override {
    std::ofstream(folder_ / "objects" / sha256.substr(0, 2) / sha256 / "data", std::ios::trunc) << bytes;
  }
  void leave_record(std::string_view caller, const std::string& id, std::string_view text) override {
    const std::string digest = sha256_hex(caller);
    std::ofstream(folder_ / "callers" / digest.substr(0, 2) / digest / (id + ".json")) << text;
  }

 private:
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("shunt-files-" + random_name());
};

// On tests/support/s3_server.py, which checks every signature. A prefix of bad luck has other stores fail.
class BucketPlace final : public FileStorePlace {
 public:
  explicit BucketPlace(const std::string& luck = "") : prefix_(luck + random_name()) {}
  ~BucketPlace() override {
    std::filesystem::remove_all(spool_);
    for (const std::string& name : names()) drop(name);
  }

  [[nodiscard]] S3Options options() const {
    S3Options made;
    made.endpoint = url();
    made.bucket = "box";
    made.prefix = prefix_ + '/';
    made.access_key = "access";
    made.secret_key = "secret";
    return made;
  }
  [[nodiscard]] S3FileStoreOptions own() const { return {.spool = spool_}; }
  std::unique_ptr<FileStore> store(std::uint64_t min_free_bytes = 0) override {
    auto made = make_s3_file_store(options(), spool_, min_free_bytes);
    return std::move(*made);
  }
  std::size_t files_left() override { return names().size() + files_below(spool_); }
  void change_bytes(const std::string& sha256, std::string_view bytes) override {
    leave(s3::object_name(sha256), bytes);
  }
  void leave_record(std::string_view caller, const std::string& id, std::string_view text) override {
    leave(s3::entry_of_file(caller, id) + std::string(64, 'a') + "-1-001900000000000", text);
  }

  // Names are those of the store, without its prefix; the server does as it is told, whatever the luck.
  void leave(const std::string& name, std::string_view text = {}) { tell("PUT", name, text); }
  void drop(const std::string& name) { tell("DELETE", name); }
  [[nodiscard]] std::set<std::string> names() const {
    http::BlockingClient client;
    http::ClientRequest request;
    request.url = url() + "/names?" + prefix_ + "-files/";
    const std::string text = client.perform(std::move(request)).body;
    std::set<std::string> found;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
      found.insert(text.substr(begin, end - begin).substr(prefix_.size() + 7));
    return found;
  }

 private:
  static std::string url() {
    static const testing::ChildServer server({"/usr/bin/python3", SHUNT_TEST_SUPPORT "/s3_server.py"});
    return "http://127.0.0.1:" + std::to_string(server.port());
  }
  void tell(const std::string& method, const std::string& name, std::string_view text = {}) {
    http::BlockingClient client;
    http::ClientRequest request;
    request.method = method;
    request.url = url() + "/names/" + prefix_ + "-files/" + name;
    if (method == "PUT") request.body = std::string(text);
    (void)client.perform(std::move(request));
  }

  const std::string prefix_;
  const std::filesystem::path spool_ =
      std::filesystem::temp_directory_path() / ("shunt-spool-" + random_name());
};

// A folder whose store is looked at on the way.
class NotedPlace final : public FileStorePlace {
 public:
  std::unique_ptr<FileStore> store(std::uint64_t min_free_bytes = 0) override {
    return note_faults(folder_.store(min_free_bytes), faults_);
  }
  std::size_t files_left() override { return folder_.files_left(); }
  void change_bytes(const std::string& sha256, std::string_view bytes) override {
    folder_.change_bytes(sha256, bytes);
  }
  void leave_record(std::string_view caller, const std::string& id, std::string_view text) override {
    folder_.leave_record(caller, id, text);
  }
  // How often its stores have failed.
  [[nodiscard]] std::uint64_t faults() const {
    const auto counts = faults_.counts();
    return counts.empty() ? 0 : counts.front().count;
  }

 private:
  FaultLog faults_;
  FolderPlace folder_;
};

inline std::unique_ptr<FileStorePlace> make_folder_place() {
  return std::make_unique<FolderPlace>();
}
inline std::unique_ptr<FileStorePlace> make_bucket_place() {
  return std::make_unique<BucketPlace>();
}
inline std::unique_ptr<FileStorePlace> make_noted_place() {
  return std::make_unique<NotedPlace>();
}

}  // namespace shunt::generation
