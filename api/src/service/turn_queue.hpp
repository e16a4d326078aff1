#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "shunt/api/namespace.hpp"

namespace shunt::api {

// Work of several callers for a few threads. Callers take turns, and one has at most `most_of_one` pieces
// under way: however much one asks for, others wait for a piece of it, not for all. Not thread-safe.
class TurnQueue {
 public:
  struct Piece {
    std::string caller;
    std::function<void()> work;
  };

  explicit TurnQueue(std::size_t most_of_one) : most_of_one_(most_of_one) {}

  void push(std::string caller, std::function<void()> work);
  // What is to be done next, and is under way from now on; nullopt: those who wait have as much under way as
  // they may.
  [[nodiscard]] std::optional<Piece> take();
  // A piece of the caller's is not under way any more.
  void ended(const std::string& caller);

 private:
  struct Of {
    std::deque<std::function<void()>> waiting;
    std::size_t under_way = 0;
    bool in_line = false;
  };
  using Callers = std::map<std::string, Of, std::less<>>;

  void line_up(Callers::iterator caller);

  const std::size_t most_of_one_;
  Callers callers_;
  std::deque<Callers::iterator> line_;  // callers that may have a further piece begun
};

}  // namespace shunt::api
