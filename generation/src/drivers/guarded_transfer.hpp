#pragma once

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "shunt/base/error.hpp"
#include "shunt/base/log.hpp"
#include "shunt/generation/error_codes.hpp"
#include "shunt/generation/namespace.hpp"
#include "shunt/http/client.hpp"

namespace shunt::generation {

// Hands what comes of a transfer to a call, and what the call throws back to it as an error: a mistake of
// ours over one answer ends that generation, and not the process with all the others. Call::fault(Error) ends
// the call's generation, if it has not ended.
template <typename Call>
class GuardedTransfer final : public http::TransferHandler {
 public:
  explicit GuardedTransfer(std::shared_ptr<Call> call) : call_(std::move(call)) {}

  void on_connected() override {
    guard([this] { call_->on_connected(); });
  }
  void on_head(const http::ResponseHead& head) override {
    guard([&] { call_->on_head(head); });
  }
  void on_body(std::string_view bytes) override {
    guard([&] { call_->on_body(bytes); });
  }
  void on_end(const http::TransferEnd& end) override {
    guard([&] { call_->on_end(end); });
  }

 private:
  template <typename Work>
  void guard(Work&& work) {
    try {
      work();
    } catch (const std::exception& thrown) {
      log::error("driver.fault", {{"what", thrown.what()}});
      call_->fault(Error{error_code::kGeneratorFailed,
                         "Shunt failed over what the generator answered (driver.fault in its log)"});
    }
  }

  const std::shared_ptr<Call> call_;
};

}  // namespace shunt::generation
