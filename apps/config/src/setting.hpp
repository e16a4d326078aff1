#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "node.hpp"
#include "problems.hpp"
#include "shunt/config/configuration.hpp"
#include "shunt/config/namespace.hpp"

namespace shunt::config {

// What people read of a setting.
struct SettingText {
  std::string name{};         // "server.max_body_bytes"; in a model's or key's table without its prefix
  std::string environment{};  // "SHUNT_SERVER_MAX_BODY_BYTES"; "" if only the file can say it
  std::string flag{};         // "--listen"; "" if there is none
  std::string type{};
  std::string bounds{};   // "1 to 256"
  std::string allowed{};  // completes "must be ..."
  std::string doc{};      // one sentence, or a few
  std::string default_value{};
  bool required = false;
  bool secret = false;  // errors do not quote it
  bool live = false;    // SIGHUP takes it over; others wait for a restart
};

// What stands where nothing is set: one object for all settings, which would else build and forget one each.
// It lies on the heap because g++ 12 takes members of so large an object for uninitialized.
template <typename Target>
const Target& defaults() {
  static const auto kDefaults = std::make_unique<const Target>();
  return *kDefaults;
}

// A setting of a Target (the configuration, a model, a driver's options, a key): the one place that knows its
// name, type, bounds, default, where it may come from, and where it goes.
template <typename Target>
struct Setting {
  SettingText text{};
  std::function<bool(Target& target, const Node& given)> read{};  // false: not allowed
  std::function<std::string(const Target& target)> show{};        // redacted if need be
  std::function<std::string(const Target& target)>
      identity{};  // the same in full, to tell whether it changed
  std::function<void(Target& to, const Target& from)> copy{};

  Setting required() && {
    text.required = true;
    text.default_value.clear();
    return std::move(*this);
  }
  Setting env(std::string variable) && {
    text.environment = std::move(variable);
    return std::move(*this);
  }
  Setting with_flag(std::string flag) && {
    text.flag = std::move(flag);
    return std::move(*this);
  }
  Setting live() && {
    text.live = true;
    return std::move(*this);
  }
  // `redact` makes what may be shown of the value.
  Setting secret(std::function<std::string(const Target&)> redact) && {
    text.secret = true;
    show = std::move(redact);
    text.default_value = show(defaults<Target>());
    return std::move(*this);
  }
};

// `access` is a pointer to the member, or a generic function from a Target to a reference.
template <typename Target, typename Kind, typename Access>
Setting<Target> setting(std::string name, const Kind& kind, Access access, std::string doc) {
  Setting<Target> made;
  made.text.name = std::move(name);
  made.text.type = kind.type();
  made.text.bounds = kind.bounds();
  made.text.allowed = kind.allowed();
  made.text.doc = std::move(doc);
  made.read = [kind, access](Target& target, const Node& given) {
    auto value = kind.read(given);
    if (!value) return false;
    std::invoke(access, target) = std::move(*value);
    return true;
  };
  made.show = [kind, access](const Target& target) { return kind.show(std::invoke(access, target)); };
  made.identity = made.show;
  made.copy = [access](Target& to, const Target& from) {
    std::invoke(access, to) = std::invoke(access, from);
  };
  made.text.default_value = made.show(defaults<Target>());
  return made;
}

// Access to a member of a member.
template <typename Outer, typename Inner>
auto through(Outer outer, Inner inner) {
  return [outer, inner](auto& target) -> auto& { return target.*outer.*inner; };
}

// A setting together with the object that it sets, and where its value came from.
class BoundSetting {
 public:
  template <typename Target>
  BoundSetting(const Setting<Target>& setting, Target& target)
      : text_(&setting.text),
        read_([&setting, &target](const Node& given) { return setting.read(target, given); }),
        show_([&setting, &target] { return setting.show(target); }),
        identity_([&setting, &target] {
          return setting.identity ? setting.identity(target) : setting.show(target);
        }) {}

  [[nodiscard]] const SettingText& text() const noexcept { return *text_; }
  [[nodiscard]] bool given() const noexcept { return source_ != "default"; }

  // Takes the value, or adds a problem. `name` is the setting's full name.
  void take(const Node& given, const std::string& name, Problems& problems);
  [[nodiscard]] Explained explain(const std::string& name) const;

 private:
  const SettingText* text_;
  std::function<bool(const Node&)> read_;
  std::function<std::string()> show_;
  std::function<std::string()> identity_;
  std::string source_ = "default";
};

// The table and the target outlive the result.
template <typename Target>
void bind(const std::vector<Setting<Target>>& table, Target& target, std::vector<BoundSetting>& to) {
  for (const Setting<Target>& setting : table) to.emplace_back(setting, target);
}

}  // namespace shunt::config
