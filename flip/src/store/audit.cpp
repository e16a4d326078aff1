#include "shunt/flip/audit.hpp"

#include <algorithm>
#include <utility>

#include "shunt/base/digest.hpp"
#include "shunt/base/json_object_writer.hpp"
#include "store/loose_members.hpp"

namespace shunt::flip {
namespace {

constexpr std::size_t kHashBytes = 64;
constexpr std::size_t kMaxTextBytes = 512;
// What stands behind the hashed text: the last member and the closing brace.
constexpr std::string_view kBeforeHash = R"(,"hash":")";
constexpr std::string_view kBehindHash = R"("})";
constexpr std::size_t kSuffixBytes = kBeforeHash.size() + kHashBytes + kBehindHash.size();

Error no_entry(const std::string& why) {
  return {"invalid_audit_entry", "audit entry: " + why};
}

// An entry whose parts are as long as they may be has to fit.
std::string cut(std::string_view text, std::size_t most) {
  return std::string(text.substr(0, valid_utf8_prefix(text.substr(0, most))));
}

// The entry as a whole object without its hash.
std::string hashed_text(const AuditEntry& entry) {
  std::string text;
  JsonObjectWriter members(text);
  members.number("seq", entry.seq);
  members.time("at", entry.at);
  members.text("event", cut(entry.event, kMaxTextBytes));
  JsonObjectWriter by = members.object("by");
  by.text("kind", actor_kind_name(entry.by.kind));
  by.text("name", cut(entry.by.name, kMaxActorBytes));
  by.close();
  members.text("why", cut(entry.why, kMaxWhyBytes));
  members.text("from", cut(entry.from, kMaxTextBytes));
  members.text("to", cut(entry.to, kMaxTextBytes));
  members.number("epoch", entry.epoch);
  members.text("salt", cut(entry.salt, kMaxSaltBytes));
  members.text("process", cut(entry.process, kMaxTextBytes));
  if (!entry.overrides.empty()) {
    JsonArray names;
    for (const std::string& name : entry.overrides) {
      if (names.size() < kMaxOverrides) names.emplace_back(cut(name, kMaxOverrideBytes));
    }
    members.json("overrides", names);
  }
  if (!entry.verdict.empty()) members.json("verdict", entry.verdict);
  members.text("undo", cut(entry.undo, kMaxTextBytes));
  members.text("previous", entry.previous);
  members.close();
  return text;
}

bool is_hash(std::string_view text) noexcept {
  return text.size() == kHashBytes && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The text that the hash at the end of the line is of; nullopt where none is.
struct Hashed {
  std::string text;
  std::string hash;
};
std::optional<Hashed> take_apart(std::string_view line) {
  if (line.size() <= kSuffixBytes) return std::nullopt;
  const std::size_t end = line.size() - kSuffixBytes;
  const std::string_view suffix = line.substr(end);
  if (!suffix.starts_with(kBeforeHash) || !suffix.ends_with(kBehindHash)) return std::nullopt;
  const std::string_view hash = suffix.substr(kBeforeHash.size(), kHashBytes);
  if (!is_hash(hash)) return std::nullopt;
  return Hashed{std::string(line.substr(0, end)) + '}', std::string(hash)};
}

Actor actor_in(const JsonObject& entry) {
  Actor actor;
  const JsonObject* const by = object_in(entry, "by");
  if (by == nullptr) return actor;
  const std::string kind = text_in(*by, "kind", 32);
  for (const auto known :
       {ActorKind::kPerson, ActorKind::kController, ActorKind::kBreaker, ActorKind::kConfiguration}) {
    if (kind == actor_kind_name(known)) actor.kind = known;
  }
  actor.name = text_in(*by, "name", kMaxActorBytes);
  return actor;
}

AuditEntry entry_in(const JsonObject& object) {
  AuditEntry entry;
  entry.seq = count_in(object, "seq");
  entry.at = parse_rfc3339(text_in(object, "at", 32)).value_or(WallTime{});
  entry.event = text_in(object, "event", kMaxTextBytes);
  entry.by = actor_in(object);
  entry.why = text_in(object, "why", kMaxWhyBytes);
  entry.from = text_in(object, "from", kMaxTextBytes);
  entry.to = text_in(object, "to", kMaxTextBytes);
  entry.epoch = count_in(object, "epoch");
  entry.salt = text_in(object, "salt", kMaxSaltBytes);
  entry.process = text_in(object, "process", kMaxTextBytes);
  if (const JsonArray* overrides = array_in(object, "overrides")) {
    for (const Json& name : *overrides) {
      if (!name.is_string() || entry.overrides.size() >= kMaxOverrides) continue;
      entry.overrides.push_back(
          to_valid_utf8(std::string_view(name.get_string()).substr(0, kMaxOverrideBytes)));
    }
  }
  if (const JsonObject* verdict = object_in(object, "verdict")) entry.verdict = *verdict;
  entry.undo = text_in(object, "undo", kMaxTextBytes);
  entry.previous = text_in(object, "previous", kHashBytes);
  return entry;
}

}  // namespace

std::string audit_line(const AuditEntry& entry) {
  std::string line = hashed_text(entry);
  const std::string hash = sha256_hex(line);
  line.pop_back();
  return line.append(kBeforeHash).append(hash).append(kBehindHash);
}

Result<AuditEntry> parse_audit_line(std::string_view line) {
  if (line.size() > kMaxAuditLineBytes) {
    return no_entry("at most " + std::to_string(kMaxAuditLineBytes) + " bytes, got " +
                    std::to_string(line.size()));
  }
  const auto hashed = take_apart(line);
  if (!hashed) return no_entry("it does not end with its hash");
  if (sha256_hex(hashed->text) != hashed->hash)
    return no_entry("it was changed: its hash is not that of its text");
  auto parsed = parse_json(hashed->text, {.max_depth = 6, .max_members = 64});
  if (!parsed) return no_entry(parsed.error().message);
  if (!parsed->is_object()) return no_entry("it is no object");
  AuditEntry entry = entry_in(parsed->get_object());
  entry.hash = hashed->hash;
  if (entry.seq == 0 || entry.epoch == 0 || (!entry.previous.empty() && !is_hash(entry.previous))) {
    return no_entry("it has no number, epoch or hash of the entry before");
  }
  return entry;
}

void ChainCheck::add(std::string_view line) {
  if (report_.problem) return;
  auto entry = parse_audit_line(line);
  const std::string place =
      report_.entries == 0 ? "the first entry: " : "behind entry " + std::to_string(report_.last) + ": ";
  if (!entry) {
    report_.problem = place + entry.error().message;
    return;
  }
  if (report_.entries == 0) {
    report_.first = entry->seq;
    if (entry->seq == 1 && !entry->previous.empty())
      report_.problem = place + "it is the first and follows another one";
  } else if (entry->seq != report_.last + 1) {
    report_.problem = place + "entry " + std::to_string(entry->seq) + " comes next";
  } else if (entry->previous != report_.hash) {
    report_.problem =
        place + "entry " + std::to_string(entry->seq) + " does not follow it: one of them was replaced";
  }
  if (!report_.problem && entry->seq == told_.seq && entry->hash != told_.hash)
    report_.problem = "entry " + std::to_string(told_.seq) + " is not the one that the record tells of";
  if (report_.problem) return;
  ++report_.entries;
  report_.last = entry->seq;
  report_.hash = entry->hash;
}

ChainReport ChainCheck::finish() && {
  if (!report_.problem && report_.last < told_.seq)
    report_.problem = "the record tells of entry " + std::to_string(told_.seq) +
                      ", and the chain ends at entry " + std::to_string(report_.last);
  return std::move(report_);
}

ChainReport verify_chain(const std::vector<std::string>& lines) {
  ChainCheck check;
  for (const std::string& line : lines) check.add(line);
  return check.report();
}

}  // namespace shunt::flip
