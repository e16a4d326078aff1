#pragma once

#include <string>
#include <string_view>

#include "shunt/api/namespace.hpp"
#include "shunt/base/clock.hpp"

namespace shunt::api {

// Makes and checks the tokens of URLs that are opened without an API key: clients fetch files and streams
// without one. A token holds for one use of one thing until a time, and for nothing else. Immutable; any
// thread.
class UrlSigner {
 public:
  // Processes with the same secret take each other's tokens. "": a random one, which nobody else has.
  explicit UrlSigner(std::string secret);

  // `use` is a name of ours, of one line; `of` is what is opened, and may be any text.
  [[nodiscard]] std::string token(std::string_view use, std::string_view of, WallTime until) const;
  // Takes as long for a wrong token as for the right one.
  [[nodiscard]] bool allows(std::string_view token, std::string_view use, std::string_view of,
                            WallTime now) const;

 private:
  [[nodiscard]] std::string signature(std::string_view use, std::string_view of,
                                      std::string_view until) const;

  std::string secret_;
};

}  // namespace shunt::api
