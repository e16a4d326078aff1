#include "drivers/guarded_transfer.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <vector>

namespace shunt::generation {
namespace {

class FailingCall {
 public:
  void on_connected() { throw std::out_of_range("connected"); }
  void on_head(const http::ResponseHead& /*head*/) { throw std::bad_alloc(); }
  void on_body(std::string_view bytes) {
    if (bytes != "well") throw std::runtime_error("secret words");
  }
  void on_end(const http::TransferEnd& /*end*/) { throw std::logic_error("end"); }
  void fault(Error error) { faults_.push_back(std::move(error)); }
  [[nodiscard]] const std::vector<Error>& faults() const { return faults_; }

 private:
  std::vector<Error> faults_;
};

TEST(GuardedTransfer, GivesBackToItsCallWhatThatThrows) {
  const auto call = std::make_shared<FailingCall>();
  GuardedTransfer<FailingCall> guarded(call);
  guarded.on_body("well");
  EXPECT_TRUE(call->faults().empty());
  guarded.on_connected();
  guarded.on_head({});
  guarded.on_body("odd");
  guarded.on_end({});
  ASSERT_EQ(call->faults().size(), 4U);
  for (const Error& fault : call->faults()) {
    EXPECT_EQ(fault.code, error_code::kGeneratorFailed);
    EXPECT_FALSE(fault.is_retryable());
    EXPECT_EQ(fault.message.find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace shunt::generation
