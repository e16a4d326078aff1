#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <string_view>
#include <vector>

#include "shunt/http/namespace.hpp"

namespace shunt::http {

// An Accept header (RFC 9110, 12.5.1). Views look into the text it was made from.
class AcceptList {
 public:
  // Elements that cannot be read are left out. No element at all accepts everything.
  explicit AcceptList(std::string_view header);

  // How well a media type fits: its quality in thousandths (0: not acceptable) and how exactly it was named
  // (2 "audio/wav", 1 "audio/*", 0 "*/*"). The most exact range decides the quality.
  struct Fit {
    int quality = 0;
    int exactness = -1;
    [[nodiscard]] bool acceptable() const noexcept { return quality > 0; }
    [[nodiscard]] bool better_than(const Fit& other) const noexcept {
      return quality != other.quality ? quality > other.quality : exactness > other.exactness;
    }
  };
  [[nodiscard]] Fit fit(std::string_view media_type) const noexcept;

  // The best fit among ranges that some type outside `known` could have: for models that do not say what they
  // produce.
  [[nodiscard]] Fit fit_of_others(const std::vector<std::string_view>& known) const noexcept;

 private:
  struct Range {
    std::string_view type;
    std::string_view subtype;
    int quality;
  };
  static constexpr std::size_t kUsualRanges = 4;
  boost::container::small_vector<Range, kUsualRanges> ranges_;
};

// "Application/JSON; charset=utf-8" -> "Application/JSON".
[[nodiscard]] std::string_view essence(std::string_view media_type) noexcept;

// Whether a Content-Type names JSON: application/json or application/*+json.
[[nodiscard]] bool is_json(std::string_view content_type) noexcept;

}  // namespace shunt::http
