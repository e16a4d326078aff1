#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace shunt::app {

// Cuts the bytes of an event stream (text/event-stream, as HTML has it) into events, however they arrive.
class SseReader {
 public:
  struct Event {
    std::string id;
    std::string data;
  };
  explicit SseReader(std::function<void(const Event&)> on_event) : on_event_(std::move(on_event)) {}

  void feed(std::string_view bytes);
  // The connection broke: what is not a whole event yet is dropped, as the next one brings it again.
  void reset();

 private:
  void line(std::string_view text);

  const std::function<void(const Event&)> on_event_;
  std::string rest_;
  Event event_;
};

}  // namespace shunt::app
