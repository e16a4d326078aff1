#include "become_user.hpp"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "shunt/base/display_text.hpp"

namespace shunt::app {
namespace {

Error refused(const std::string& name, std::string_view reason) {
  return {"invalid_argument", "--user " + excerpt(name) + ": " + std::string(reason)};
}

}  // namespace

Result<void> become_user(const std::string& name) {
  std::array<char, 16'384> space{};
  passwd entry{};
  passwd* user = nullptr;
  ::getpwnam_r(name.c_str(), &entry, space.data(), space.size(), &user);
  if (user == nullptr) return refused(name, "this machine has no such user");
  if (::geteuid() == user->pw_uid) return {};
  if (::geteuid() != 0) return refused(name, "only root may look with the rights of another user");
  const bool done = ::initgroups(user->pw_name, user->pw_gid) == 0 && ::setgid(user->pw_gid) == 0 &&
                    ::setuid(user->pw_uid) == 0;
  if (!done) return refused(name, std::strerror(errno));
  // As systemd and su have it: what is looked for at home is at that one's.
  ::setenv("HOME", user->pw_dir, 1);
  ::unsetenv("XDG_STATE_HOME");
  return {};
}

}  // namespace shunt::app
