#include <chrono>

#include "general_setting.hpp"
#include "settings_table.hpp"
#include "shunt/generation/file_reference.hpp"
#include "shunt/http/address_ranges.hpp"
#include "value_kinds.hpp"

namespace shunt::config {
namespace {

using namespace std::chrono_literals;
using kind::Count;
using kind::Duration;
using kind::Text;

using General = Setting<Configuration>;

template <typename Value>
auto artifacts(Value ArtifactSettings::* member) {
  return through(&Configuration::artifacts, member);
}

template <typename Value>
auto s3(Value S3Options::* member) {
  return [member](auto& target) -> auto& { return target.artifacts.s3.*member; };
}

template <typename Value>
auto files(Value api::FileOptions::* member) {
  return [member](auto& target) -> auto& { return target.server.files.*member; };
}

constexpr std::size_t kGiB = std::size_t{1} << 30U;

}  // namespace

std::vector<Setting<Configuration>> file_settings() {
  std::vector<General> made;
  made.push_back(
      general("files.directory", Text{}, through(&Configuration::file_store, &FileStoreSettings::directory),
              "Where the files that callers upload lie: a folder that all API processes and workers share. "
              "Empty: the bucket `artifacts.s3.bucket`, if there is one, else `input-files` in "
              "`artifacts.directory`, or in the state directory that stands there."));
  made.push_back(general("files.min_free", kind::Bytes{0, 1024 * kGiB},
                         through(&Configuration::file_store, &FileStoreSettings::min_free_bytes),
                         "What uploads leave free on that disk; those that would not get 507."));
  made.push_back(general("files.max_bytes", kind::Bytes{1, 1024 * kGiB}, files(&api::FileOptions::max_bytes),
                         "One file; larger ones get 413.")
                     .live());
  made.push_back(general("files.types",
                         kind::NamesOf{is_media_range, "list of media types", R"(["image/*", "text/plain"])"},
                         files(&api::FileOptions::types),
                         "Media types that files may have, as `image/png` or `image/*`; others get 415. "
                         "Empty: all.")
                     .live());
  made.push_back(general("files.max_bytes_per_key", kind::Bytes{1, 1024 * kGiB},
                         files(&api::FileOptions::max_bytes_per_key),
                         "What one key may keep of uploaded files together; more gets 413. Without keys "
                         "everybody is one.")
                     .live());
  made.push_back(general("files.max_files_per_key", Count{1, 10'000},
                         files(&api::FileOptions::max_files_per_key), "And how many files.")
                     .live());
  made.push_back(general("files.expires_after", Duration{1min, 24h * 3650},
                         files(&api::FileOptions::expires_after),
                         "How long an uploaded file is kept, unless its upload says that it is less.")
                     .live());
  made.push_back(general("files.fetch_timeout", Duration{1s, 10min}, files(&api::FileOptions::fetch_timeout),
                         "For all of fetching one URL that a model takes in place of a file.")
                     .live());
  made.push_back(general("files.fetch_addresses",
                         kind::NamesOf{http::AddressRanges::is_range, "list of addresses",
                                       R"(["10.0.0.0/8", "192.0.2.7"])"},
                         files(&api::FileOptions::fetch_addresses),
                         "Addresses that are no public ones and from which URLs may be fetched nevertheless.")
                     .live());
  made.push_back(general("files.fetch_authorities_file", Text{},
                         files(&api::FileOptions::fetch_authorities_file),
                         "Certificates (PEM) that sign those of the servers that are fetched from, instead "
                         "of the system's.")
                     .live());
  return made;
}

std::vector<Setting<Configuration>> artifact_settings() {
  std::vector<General> made;
  made.push_back(
      general("artifacts.directory", Text{}, artifacts(&ArtifactSettings::directory),
              "Where artifacts and large results lie between workers and API: a folder that all of them "
              "share. Empty: "
              "`$STATE_DIRECTORY/artifacts` (systemd), else `$XDG_STATE_HOME/shunt/artifacts`, else "
              "`~/.local/state/shunt/artifacts`. Not looked at with `artifacts.s3.bucket`."));
  made.push_back(general(
      "artifacts.s3.bucket", Text{}, s3(&S3Options::bucket),
      "A bucket instead of the folder; callers' files lie in it too, unless "
      "`files.directory` is set. Give it a lifecycle rule that removes what is below `artifacts.s3.prefix` "
      "some time after `queue.retention`: Shunt removes no artifacts from it."));
  made.push_back(general("artifacts.s3.endpoint", Text{}, s3(&S3Options::endpoint),
                         "The server, as `https://s3.eu-central-1.amazonaws.com` or `http://minio:9000`."));
  made.push_back(
      general("artifacts.s3.region", Text{Text::Empty::kRefused}, s3(&S3Options::region),
              "Part of the signatures; what servers other than AWS's expect is in their manuals."));
  made.push_back(
      general("artifacts.s3.prefix", Text{}, s3(&S3Options::prefix), "In front of every object's name."));
  made.push_back(general("artifacts.s3.access_key_env", Text{Text::Empty::kRefused},
                         artifacts(&ArtifactSettings::s3_access_key_env),
                         "Which environment variable has the access key."));
  made.push_back(general("artifacts.s3.secret_key_env", Text{Text::Empty::kRefused},
                         artifacts(&ArtifactSettings::s3_secret_key_env),
                         "Which environment variable has the secret key."));
  made.push_back(general("artifacts.s3.secret_key_file", Text{},
                         artifacts(&ArtifactSettings::s3_secret_key_file),
                         "A file that has the secret key, instead of the variable."));
  made.push_back(general("artifacts.s3.timeout", Duration{100ms, 1h}, s3(&S3Options::request_timeout),
                         "Of one request."));
  made.push_back(general("artifacts.s3.tries", Count{1, 20}, s3(&S3Options::tries),
                         "How often a request is made that gets no answer, 5xx or 429."));
  return made;
}

}  // namespace shunt::config
