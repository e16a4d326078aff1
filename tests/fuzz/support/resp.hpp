#pragma once

#include <string>

#include "redis/reply.hpp"

namespace shunt::fuzz {

// Appends a reply as Redis writes it (RESP 2).
inline void append_resp(std::string& out, const bullmq::detail::Reply& reply) {
  using bullmq::detail::Reply;
  switch (reply.type) {
    case Reply::Type::nil:
      out += "$-1\r\n";
      return;
    case Reply::Type::integer:
      out += ":" + std::to_string(reply.integer) + "\r\n";
      return;
    case Reply::Type::string:
      out += "$" + std::to_string(reply.text.size()) + "\r\n" + reply.text + "\r\n";
      return;
    case Reply::Type::status:
      out += "+" + reply.text + "\r\n";
      return;
    case Reply::Type::error:
      out += "-" + reply.text + "\r\n";
      return;
    case Reply::Type::array:
      out += "*" + std::to_string(reply.elements.size()) + "\r\n";
      for (const Reply& element : reply.elements) append_resp(out, element);
      return;
  }
}

}  // namespace shunt::fuzz
