// Accept headers and media types. Checks fits against a plain count of what the header says, and that what is
// chosen for an answer was acceptable.
#include "representation/representation.hpp"
#include "shunt/http/media_type.hpp"
#include "support/fuzzing.hpp"

namespace {

using namespace shunt;
using namespace shunt::base;
using namespace shunt::generation;
using fuzz::check;

constexpr std::string_view kTypes[] = {"application/json", "text/event-stream", "audio/wav", "text/plain",
                                       "image/png"};

void check_fits(const http::AcceptList& accept) {
  for (const std::string_view type : kTypes) {
    const auto fit = accept.fit(type);
    check(fit.quality >= 0 && fit.quality <= 1000, "a quality is from 0 to 1");
    check(fit.exactness >= -1 && fit.exactness <= 2, "as exact as can be");
    check(fit.acceptable() == (fit.quality > 0), "acceptable is more than nothing");
    check(!fit.better_than(fit), "nothing is better than itself");
    const auto with_parameter = accept.fit(std::string(type) + "; charset=utf-8");
    check(with_parameter.quality == fit.quality && with_parameter.exactness == fit.exactness,
          "parameters of a type do not count");
  }
}

void check_choices(const http::AcceptList& accept, bool accepts_anything) {
  const std::vector<std::vector<std::string>> models{{}, {"audio/wav"}, {"text/plain", "image/png"}};
  for (const auto& produces : models) {
    const auto chosen = api::choose_representation(accept, produces);
    if (chosen == api::Representation::kRecord)
      check(accept.fit(api::kJsonType).acceptable(), "a record is acceptable");
    if (chosen == api::Representation::kEventStream)
      check(accept.fit(api::kEventStreamType).acceptable(), "a stream is acceptable");
    check(!accepts_anything || chosen.has_value(), "whoever takes anything gets something");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string header(fuzz::text_of(data, size));
  const http::AcceptList accept(header);
  check_fits(accept);
  check_choices(accept, header.empty());
  std::vector<Artifact> artifacts(2);
  artifacts[0].media_type = "audio/wav";
  artifacts[1].media_type = "image/png";
  const Artifact* chosen = api::choose_artifact(accept, artifacts);
  check(chosen == nullptr || accept.fit(chosen->media_type).acceptable(), "an artifact is acceptable");
  const std::string_view essence = http::essence(header);
  check(essence.find(';') == std::string_view::npos && essence.size() <= header.size(), "no parameters");
  check(http::is_json(header) == http::is_json(essence), "parameters do not make JSON");
  return 0;
}
