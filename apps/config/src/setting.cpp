#include "setting.hpp"

#include "shunt/base/digest.hpp"

namespace shunt::config {

Explained BoundSetting::explain(const std::string& name) const {
  // A digest, since the value itself may be a secret.
  return {name, show_(), source_, text_->live, sha256_hex(identity_())};
}

void BoundSetting::take(const Node& given, const std::string& name, Problems& problems) {
  source_ = given.source;
  if (read_(given)) return;
  const std::string got = text_->secret ? "something else" : show(given);
  problems.add(given.source, name, "must be " + text_->allowed + "; got " + got);
}

}  // namespace shunt::config
