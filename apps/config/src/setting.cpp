#include "setting.hpp"

namespace shunt::config {

void BoundSetting::take(const Node& given, const std::string& name, Problems& problems) {
  source_ = given.source;
  if (read_(given)) return;
  const std::string got = text_->secret ? "something else" : show(given);
  problems.add(given.source, name, "must be " + text_->allowed + "; got " + got);
}

}  // namespace shunt::config
