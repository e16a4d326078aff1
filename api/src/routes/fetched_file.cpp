#include "routes/fetched_file.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

#include "representation/named_file.hpp"
#include "representation/problem.hpp"
#include "routes/form_receiver.hpp"
#include "shunt/generation/artifact_rules.hpp"
#include "shunt/generation/file_error_codes.hpp"
#include "shunt/generation/url_hosts.hpp"
#include "shunt/http/fetch.hpp"
#include "shunt/http/url.hpp"

namespace shunt::api {
namespace {

constexpr std::string_view kUnknownType = "application/octet-stream";

// What one fetch has, on the thread that carries it out. Nothing of the exchange, which a reload may change.
struct Fetching {
  http::FetchRequest request;
  std::string member;
  InputRule rule;
  FileUse use;

  [[nodiscard]] Result<void> check_type(const std::string& media_type) const {
    const std::string type = media_type.empty() ? std::string(kUnknownType) : media_type;
    if (is_valid_media_type(type) && is_media_type_in(type, rule.types)) return {};
    return Error{http::kNotFetched, "its server says that it is of a type which the model does not take"};
  }

  [[nodiscard]] Result<FileReference> carry_out(FileStore& store, UploadsUnderWay::Share& share) {
    request.may_ask = [this](std::string_view host) { return is_host_in(host, rule.url_hosts); };
    request.may_be = [this](const std::string& type) { return check_type(type); };
    auto upload = store.begin_upload();
    if (!upload) return std::move(upload).error();
    const std::uint64_t most =
        use.quota.max_bytes > 0 ? use.quota.max_bytes : std::numeric_limits<std::uint64_t>::max();
    auto fetched = http::fetch(request, [&](std::string_view piece) -> Result<void> {
      if (!share.try_add(piece.size(), most)) {
        return Error{error_code::kFileQuotaExceeded, "the caller's uploads under way are more than the " +
                                                         std::to_string(most) + " bytes that it may keep"};
      }
      return (*upload)->append(piece);
    });
    if (!fetched) return not_fetched_for(member, std::move(fetched).error());
    const std::string& said = fetched->media_type;
    return store.hold(**upload, {.media_type = said.empty() ? std::string(kUnknownType) : said}, use);
  }
};

std::string accepted_types(const InputRule& rule) {
  std::string accept;
  for (const std::string& type : rule.types) accept.append(accept.empty() ? "" : ", ").append(type);
  return accept.empty() ? "*/*" : accept;
}

}  // namespace

http::Task<Result<FileReference>> fetch_file(Exchange& exchange, const InputRule& rule, std::string member,
                                             std::string url, FileUse use) {
  const FileOptions& options = exchange.options.files;
  FileService& files = exchange.service.files;
  auto share = files.uploads().begin(caller_of(exchange));
  const auto turn = files.fetches().begin(caller_of(exchange));
  if (!share || !turn) {
    exchange.response.set_retry_after(std::chrono::seconds(1));
    co_return Error{problem_code::kTooManyConcurrent, "the caller has too many files under way"};
  }
  Fetching fetching{.request = {.url = std::move(url),
                                .listed = http::AddressRanges(options.fetch_addresses),
                                .accept = accepted_types(rule),
                                .authorities_file = options.fetch_authorities_file,
                                .max_bytes = std::min<std::uint64_t>(
                                    options.max_bytes, rule.max_bytes.value_or(options.max_bytes)),
                                .timeout = options.fetch_timeout},
                    .member = std::move(member),
                    .rule = rule,
                    .use = std::move(use)};
  auto pending = answer_of<Result<FileReference>>(exchange.client, [&](auto done) {
    files.fetch<Result<FileReference>>(
        [&fetching, &share](FileStore& store) { return fetching.carry_out(store, *share); },
        std::function<void(Result<FileReference>)>(std::move(done)));
  });
  Result<FileReference> fetched = co_await pending;
  co_return fetched;
}

}  // namespace shunt::api
