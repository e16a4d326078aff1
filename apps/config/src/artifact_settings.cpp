#include <chrono>

#include "general_setting.hpp"
#include "settings_table.hpp"
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

}  // namespace

std::vector<Setting<Configuration>> artifact_settings() {
  std::vector<General> made;
  made.push_back(
      general("artifacts.directory", Text{}, artifacts(&ArtifactSettings::directory),
              "Where artifacts and large results lie between workers and API: a folder that all of them "
              "share. Empty: "
              "`$STATE_DIRECTORY/artifacts` (systemd), else `$XDG_STATE_HOME/shunt/artifacts`, else "
              "`~/.local/state/shunt/artifacts`. Not looked at with `artifacts.s3.bucket`."));
  made.push_back(general("artifacts.s3.bucket", Text{}, s3(&S3Options::bucket),
                         "A bucket instead of the folder. Give it a lifecycle rule that removes objects some "
                         "time after `queue.retention`: Shunt removes none."));
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
