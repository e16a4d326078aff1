#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "shunt/webhooks/namespace.hpp"
#include "shunt/webhooks/signing_key.hpp"
#include "shunt/webhooks/webhooks.hpp"

namespace shunt::webhooks {

// The keys of now, which a reload replaces. Any thread.
class KeyShelf {
 public:
  explicit KeyShelf(const WebhookKeys& keys) { replace(keys); }

  void replace(const WebhookKeys& texts) {
    auto fresh = std::make_shared<Keys>();
    fresh->texts = texts;
    fresh->service = keys_of(texts.service);
    for (const auto& [caller, secrets] : texts.of_callers) {
      if (!secrets.empty()) fresh->of_callers.emplace(caller, keys_of(secrets));
    }
    const std::lock_guard lock(mutex_);
    keys_ = std::move(fresh);
  }

  // Empty: nothing may be sent.
  [[nodiscard]] std::vector<SigningKey> of(const std::string& caller) const {
    const auto keys = now();
    const auto own = keys->of_callers.find(caller);
    return own == keys->of_callers.end() ? keys->service : own->second;
  }

  // Of those, the first that receivers have too, as text.
  [[nodiscard]] std::optional<std::string> shared_secret(const std::string& caller) const {
    const auto keys = now();
    const auto own = keys->texts.of_callers.find(caller);
    const bool has_own = own != keys->texts.of_callers.end() && !own->second.empty();
    for (const std::string& text : has_own ? own->second : keys->texts.service) {
      if (text.starts_with("whsec_")) return text;
    }
    return std::nullopt;
  }

 private:
  struct Keys {
    WebhookKeys texts;
    std::vector<SigningKey> service;
    std::map<std::string, std::vector<SigningKey>> of_callers;
  };
  [[nodiscard]] std::shared_ptr<const Keys> now() const {
    const std::lock_guard lock(mutex_);
    return keys_;
  }

  mutable std::mutex mutex_;
  std::shared_ptr<const Keys> keys_;
};

}  // namespace shunt::webhooks
