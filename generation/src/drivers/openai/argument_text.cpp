#include "drivers/openai/argument_text.hpp"

namespace shunt::generation::openai {
namespace {

// What some servers put before the real arguments (BerriAI/litellm#4537, openai/openai-agents-js#712).
constexpr std::string_view kPlaceholder = "{}";

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

}  // namespace

void ObjectScan::feed(std::string_view text) {
  for (const char c : text) {
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
      continue;
    }
    if (is_space(c)) continue;
    if (depth_ == 0 && (closed_ || c != '{')) {
      spoiled_ = true;
      continue;
    }
    if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if (c == '}' || c == ']') {
      closed_ = --depth_ == 0;
    }
  }
}

std::string ArgumentText::append(std::string_view piece) {
  if (piece.empty()) return {};
  if (latest_) {
    read_twice(piece);
    return {};
  }
  if (joined_ == kPlaceholder && piece.starts_with('{')) {
    joined_.clear();
    joined_scan_ = {};
  } else if (!joined_.empty() && piece.starts_with(joined_)) {
    latest_ = joined_;
    read_twice(piece);
    return {};
  }
  const bool first = joined_.empty();
  joined_ += piece;
  joined_scan_.feed(piece);
  if (!first) only_repetitions_ = false;
  if (joined_ == kPlaceholder) return {};  // it is told once it is known to be more than a placeholder
  std::string growth = joined_.substr(told_);
  told_ = joined_.size();
  return growth;
}

void ArgumentText::read_twice(std::string_view piece) {
  joined_ += piece;
  joined_scan_.feed(piece);
  if (piece.starts_with(*latest_)) {
    ++repetitions_;
    latest_ = piece;
    latest_scan_ = {};
  } else {
    only_repetitions_ = false;
    *latest_ += piece;
  }
  latest_scan_.feed(piece);
}

bool ArgumentText::whole() const noexcept {
  return joined_scan_.whole() || (latest_ && latest_scan_.whole());
}

const std::string& ArgumentText::text() const noexcept {
  if (!latest_ || joined_scan_.whole()) return joined_;
  if (latest_scan_.whole()) return *latest_;
  // Neither is whole, as when the model ran out of tokens. A server that repeats itself does so every time.
  return only_repetitions_ && repetitions_ > 1 ? *latest_ : joined_;
}

std::string ArgumentText::finish() {
  std::string rest = text().substr(told_);
  told_ = text().size();
  return rest;
}

}  // namespace shunt::generation::openai
