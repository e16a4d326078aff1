#include "shunt/webhooks/signing_key.hpp"

#include <gtest/gtest.h>

namespace shunt::webhooks {
namespace {

// The secret, message and signature that the standard's libraries test with.
constexpr const char* kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr const char* kId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr std::int64_t kTimestamp = 1614265330;
constexpr const char* kBody = R"({"test": 2432232314})";

// RFC 8032, 7.1, test 1.
constexpr const char* kPrivate = "whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
constexpr const char* kPublic = "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

SigningKey key_of(const char* text) {
  auto key = SigningKey::parse(text);
  EXPECT_TRUE(key) << text;
  return *key;
}

TEST(SigningKey, SignsAsTheStandardDoes) {
  EXPECT_EQ(signatures_of({key_of(kSecret)}, kId, kTimestamp, kBody),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(SigningKey, SignsWithAPair) {
  const SigningKey key = key_of(kPrivate);
  EXPECT_EQ(key.public_key(), kPublic);
  EXPECT_EQ(key.sign(""),
            "v1a,5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw==");
}

TEST(SigningKey, AllKeysSignDuringARotation) {
  const std::string signatures = signatures_of({key_of(kSecret), key_of(kPrivate)}, kId, kTimestamp, kBody);
  EXPECT_TRUE(signatures.starts_with("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1a,"));
}

TEST(SigningKey, RefusesWhatIsNone) {
  for (const char* text : {"", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8G",
                           "whsec_not base64 at all, is it now", "whsk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                           "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}) {
    const auto key = SigningKey::parse(text);
    ASSERT_FALSE(key) << text;
  }
}

TEST(SigningKey, TakesSoManyAtOnce) {
  EXPECT_EQ(keys_of(std::vector<std::string>(20, kSecret)).size(), kMaxKeys);
  EXPECT_EQ(keys_of({"whsec_", kSecret}).size(), 1u);
}

}  // namespace
}  // namespace shunt::webhooks
