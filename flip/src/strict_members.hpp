#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shunt/base/json_object_reader.hpp"
#include "shunt/flip/namespace.hpp"
#include "shunt/flip/weight.hpp"

namespace shunt::flip {

// Reads an object of which every member is known: a record, a plan or a part of one. The first thing that is
// wrong is the problem; what is missing leaves its target as it is. Not thread-safe.
class StrictMembers {
 public:
  StrictMembers(JsonObject object, std::string pointer, JsonObjectReader::Wording wording);
  StrictMembers(const StrictMembers&) = delete;
  StrictMembers& operator=(const StrictMembers&) = delete;

  [[nodiscard]] JsonObjectReader& reader() noexcept { return reader_; }
  [[nodiscard]] std::string pointer_to(std::string_view name) const;

  void duration(std::string_view name, std::chrono::milliseconds& to, std::chrono::milliseconds least,
                std::chrono::milliseconds most);
  void weight(std::string_view name, Weight& to);
  void number(std::string_view name, double& to, double least, double most);
  void boolean(std::string_view name, bool& to);
  void count(std::string_view name, std::uint64_t& to, std::int64_t most);
  void count(std::string_view name, std::uint32_t& to, std::int64_t least, std::int64_t most);
  // Valid UTF-8 of at most `most_bytes`, without control characters: what people will see on a terminal.
  void line(std::string_view name, std::string& to, std::size_t most_bytes);
  void lines(std::string_view name, std::vector<std::string>& to, std::size_t most, std::size_t most_bytes);

  // The problem, or that of a member that nobody asked for.
  [[nodiscard]] Result<void> finish();

 private:
  JsonObject object_;
  std::string pointer_;
  JsonObjectReader::Wording wording_;
  JsonObjectReader reader_;
};

[[nodiscard]] bool is_line(std::string_view text, std::size_t most_bytes) noexcept;

}  // namespace shunt::flip
