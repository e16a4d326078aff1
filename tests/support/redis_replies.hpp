#pragma once

#include <string>
#include <utility>
#include <vector>

#include "redis/reply.hpp"

// Replies of Redis, written down.
namespace bullmq::detail::replies {

inline Reply text(std::string value, Reply::Type type = Reply::Type::string) {
  Reply reply;
  reply.type = type;
  reply.text = std::move(value);
  return reply;
}
inline Reply status(std::string value) {
  return text(std::move(value), Reply::Type::status);
}
inline Reply error(std::string value) {
  return text(std::move(value), Reply::Type::error);
}
inline Reply integer(std::int64_t value) {
  Reply reply;
  reply.type = Reply::Type::integer;
  reply.integer = value;
  return reply;
}
inline Reply nil() {
  return {};
}
inline Reply array(std::vector<Reply> elements) {
  Reply reply;
  reply.type = Reply::Type::array;
  reply.elements = std::move(elements);
  return reply;
}
// Names and values in turn.
inline std::vector<Reply> texts(const std::vector<std::string>& values) {
  std::vector<Reply> all;
  for (const std::string& value : values) all.push_back(text(value));
  return all;
}

}  // namespace bullmq::detail::replies
