#include "s3_file_bytes.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <thread>
#include <utility>

#include "file_failures.hpp"
#include "file_use.hpp"
#include "shunt/base/log.hpp"
#include "shunt/base/random.hpp"
#include "shunt/generation/file_error_codes.hpp"

namespace shunt::generation::s3 {
namespace {

// A bucket tells nobody of its changes.
constexpr std::chrono::milliseconds kLookAgain{100};

// The upload's file, read while it is sent.
Result<http::BodySource> source_of(const DirectoryUpload& upload) {
  const auto file = std::make_shared<const StoredFile>(upload.path(), O_RDONLY | O_NOFOLLOW);
  if (!file->is_open()) return file_not_stored("reading an upload", upload.path(), errno);
  const auto read = [file](std::uint64_t offset, char* room, std::size_t length) {
    for (;;) {
      const ssize_t count = ::pread(file->get(), room, length, static_cast<off_t>(offset));
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) return std::size_t{0};
    }
  };
  return http::BodySource{.size = upload.bytes(), .read = read};
}

Error too_large(std::uint64_t bytes) {
  return Error{error_code::kFileStoreFailed,
               "a file in a bucket may have 5 GiB, which S3 takes at once, and this "
               "one has " +
                   std::to_string(bytes) + " bytes"}
      .with("limit", kMaxObjectBytes)
      .with("received", bytes);
}

}  // namespace

Result<void> FileBytes::place(const DirectoryUpload& upload, const Mark& holder) {
  if (upload.bytes() > kMaxObjectBytes) return too_large(upload.bytes());
  const std::string mark = holder_name(holder);
  if (auto put = bucket_.put(mark); !put) return put;
  auto placed = place_held(upload, holder.sha256);
  if (!placed) take_away(mark);
  return placed;
}

// The holder is there already, so that whoever removes from now on sees it.
Result<void> FileBytes::place_held(const DirectoryUpload& upload, const std::string& sha256) {
  if (auto free = wait_for_removers(sha256); !free) return free;
  const std::string object = object_name(sha256);
  // What is there already stays, unless it is not even as long as it should be.
  const auto there = bucket_.has(object, upload.bytes());
  if (!there) return there.error();
  if (*there) return {};
  auto source = source_of(upload);
  if (!source) return std::move(source).error();
  return bucket_.put(object, sha256, std::move(*source));
}

Result<void> FileBytes::hold(const Mark& holder, std::uint64_t bytes) {
  const std::string mark = holder_name(holder);
  if (auto put = bucket_.put(mark); !put) return put;
  const auto held = hold_what_is_there(holder, bytes);
  if (held && *held) return {};
  take_away(mark);
  return held ? file_gone() : held.error();
}

Result<bool> FileBytes::hold_what_is_there(const Mark& holder, std::uint64_t bytes) {
  if (auto free = wait_for_removers(holder.sha256); !free) return std::move(free).error();
  return bucket_.has(object_name(holder.sha256), bytes);
}

Result<bool> FileBytes::is_held(const Mark& holder, std::uint64_t bytes) {
  auto mark = bucket_.has(holder_name(holder), 0);
  if (!mark || !*mark) return mark;
  return bucket_.has(object_name(holder.sha256), bytes);
}

Result<void> FileBytes::wait_for_removers(const std::string& sha256) {
  const SteadyTime until = clock_.steady_now() + times_.patience;
  for (;;) {
    const auto removing = is_being_removed(sha256);
    if (!removing) return removing.error();
    if (!*removing) return {};
    if (clock_.steady_now() >= until) {
      return Error{error_code::kFileStoreFailed,
                   "the same bytes are being removed from the bucket at this moment", Retryable::kYes};
    }
    std::this_thread::sleep_for(kLookAgain);
  }
}

Result<bool> FileBytes::is_being_removed(const std::string& sha256) {
  const auto names = bucket_.names(removers_of(sha256), kMaxCallerEntries);
  if (!names) return names.error();
  const WallTime now = clock_.now();
  return std::ranges::any_of(*names, [now](const std::string& name) {
    const auto mark = decode_remover_name(name);
    return mark && mark->until > now;
  });
}

Result<bool> FileBytes::has_holder(const std::string& sha256, WallTime now) {
  const auto names = bucket_.names(holders_of(sha256), kMaxCallerEntries);
  if (!names) return names.error();
  return std::ranges::any_of(*names, [now](const std::string& name) {
    const auto mark = decode_holder_name(name);
    return mark && mark->until > now;
  });
}

void FileBytes::release(const Mark& holder, WallTime now) {
  take_away(holder_name(holder));
  if (const auto removed = remove_unheld(holder.sha256, now); !removed)
    log::warn("files.not_removed", {{"reason", log_text(removed.error())}});
}

Result<bool> FileBytes::remove_unheld(const std::string& sha256, WallTime now) {
  // Most bytes that somebody lets go of are held by nobody else, but a mark makes others wait.
  const auto held = has_holder(sha256, now);
  if (!held) return held.error();
  if (*held) return false;
  const SteadyTime begun = clock_.steady_now();
  const Mark mark{.sha256 = sha256, .until = clock_.now() + times_.mark_life, .holder = random_name()};
  if (auto put = bucket_.put(remover_name(mark)); !put) {
    take_away(remover_name(mark));
    return std::move(put).error();
  }
  return remove_marked(mark, now, begun);
}

Result<bool> FileBytes::remove_marked(const Mark& mark, WallTime now, SteadyTime begun) {
  const auto held = has_holder(mark.sha256, now);
  const bool late = clock_.steady_now() - begun > times_.slowest;
  if (!held || *held || late) {
    take_away(remover_name(mark));
    if (!held) return held.error();
    return false;
  }
  // Without an answer nobody knows whether the bytes are about to go, so the mark stays for its time.
  if (auto removed = bucket_.remove_once(object_name(mark.sha256), times_.slowest); !removed)
    return std::move(removed).error();
  take_away(remover_name(mark));
  return true;
}

// A name that stays is over by its time.
void FileBytes::take_away(const std::string& name) {
  if (const auto removed = bucket_.remove(name); !removed)
    log::warn("files.not_removed", {{"reason", log_text(removed.error())}});
}

}  // namespace shunt::generation::s3
