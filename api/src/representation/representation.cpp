#include "representation/representation.hpp"

#include <algorithm>

namespace shunt::api {
namespace {

http::AcceptList::Fit fit_of_artifacts(const http::AcceptList& accept,
                                       const std::vector<std::string>& produces) {
  static const std::vector<std::string_view> kOurs{kJsonType, kEventStreamType, kTextType};
  if (produces.empty()) return accept.fit_of_others(kOurs);
  http::AcceptList::Fit best;
  for (const std::string& type : produces) {
    if (http::essence(type) == kTextType) continue;
    const http::AcceptList::Fit fit = accept.fit(type);
    if (fit.better_than(best)) best = fit;
  }
  return best;
}

bool produces_text(const std::vector<std::string>& produces) {
  return produces.empty() || std::any_of(produces.begin(), produces.end(),
                                         [](const auto& type) { return http::essence(type) == kTextType; });
}

}  // namespace

std::optional<Representation> choose_representation(const http::AcceptList& accept,
                                                    const std::vector<std::string>& produces) {
  std::optional<Representation> best;
  http::AcceptList::Fit best_fit;
  const auto consider = [&](Representation candidate, const http::AcceptList::Fit& fit) {
    if (!fit.acceptable() || (best && !fit.better_than(best_fit))) return;
    best = candidate;
    best_fit = fit;
  };
  consider(Representation::kRecord, accept.fit(kJsonType));
  // "text/*" means text: a stream has to be asked for by its name.
  const http::AcceptList::Fit stream = accept.fit(kEventStreamType);
  if (stream.exactness == 2) consider(Representation::kEventStream, stream);
  consider(Representation::kArtifact, fit_of_artifacts(accept, produces));
  if (produces_text(produces)) consider(Representation::kText, accept.fit(kTextType));
  return best;
}

const Artifact* choose_artifact(const http::AcceptList& accept, std::span<const Artifact> artifacts) {
  const Artifact* best = nullptr;
  http::AcceptList::Fit best_fit;
  for (const Artifact& artifact : artifacts) {
    const http::AcceptList::Fit fit = accept.fit(artifact.media_type);
    // "*/*" asks for no artifact in particular: whoever sends it gets the record.
    if (!fit.acceptable() || fit.exactness == 0 || (best != nullptr && !fit.better_than(best_fit))) continue;
    best = &artifact;
    best_fit = fit;
  }
  return best;
}

}  // namespace shunt::api
