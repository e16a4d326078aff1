#pragma once

#include <map>
#include <memory>
#include <mutex>
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

 private:
  struct Keys {
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
