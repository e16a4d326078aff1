#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "s3_answer.hpp"
#include "shunt/base/result.hpp"
#include "shunt/generation/namespace.hpp"

// Lists of objects' names (ListObjectsV2). Pure.
namespace shunt::generation::s3 {

// Which names are asked for: those that begin with `prefix` and come after `after`, as bytes are ordered.
struct ListQuestion {
  std::string prefix{};
  std::string after{};  // "": from the first one on
  std::size_t most = 1000;
};
// Of more than this no list is, whatever it says: 1,000 names of 1 KiB, the longest that S3 knows.
inline constexpr std::size_t kMaxListBytes = 1024UL * 1024;

struct NameList {
  std::vector<std::string> names{};  // in their order, each once
  bool more = false;                 // there are names after the last one
};

// As the query of a signed request: encoded, its parts in their order.
[[nodiscard]] std::string list_query(const ListQuestion& question);

// Fails as the bucket's kind does, also where a name is no answer to the question: a list that cannot be
// believed as a whole is none. Names with a character that none of ours has are left out.
[[nodiscard]] Result<NameList> listed(const Answer& answer, const Bucket& bucket,
                                      const ListQuestion& question);

}  // namespace shunt::generation::s3
