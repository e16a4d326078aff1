// OpenAI's batches: what callers may do with them. batches/batch_runner.hpp runs them.
#include "routes/batches.hpp"

#include <string>
#include <utility>
#include <vector>

#include "batches/batch_body.hpp"
#include "batches/batch_object.hpp"
#include "batches/batch_runner.hpp"
#include "batches/new_batch.hpp"
#include "dialects/openai/call_members.hpp"
#include "representation/generation_body.hpp"
#include "representation/strict_body.hpp"
#include "routes/form_receiver.hpp"
#include "shunt/base/display_text.hpp"
#include "shunt/http/ascii.hpp"

namespace shunt::api {
namespace {

using batches::ShownBatch;
using dialects::openai::bad_member;

constexpr std::uint64_t kLargestPage = 100;  // OpenAI's

Error no_such_batch(std::string_view id) {
  return {problem_code::kBatchUnknown, "there is no batch \"" + excerpt(id) + '"'};
}

void answer_batch(Exchange& exchange, const ShownBatch& shown) {
  exchange.response.set_json(200);
  batches::append_batch_object(exchange.response.body, shown.batch, shown.cancel_asked);
}

// OpenAI's clients say how often they have sent a request before.
bool says_repeated(const http::Headers& headers) {
  return http::parse_unsigned(headers.get("X-Stainless-Retry-Count")).value_or(0) > 0;
}

http::Task<void> create_batch(Exchange& exchange) {
  auto object = parse_object(exchange.request.body, body_limits(exchange.options).json);
  auto body = object ? batches::read_batch_body(std::move(*object))
                     : Result<batches::BatchBody>(std::move(object).error());
  if (!body) {
    set_problem(exchange.response, body.error());
    co_return;
  }
  GenerationRequest headers;
  if (const auto read = read_request_headers(exchange.request.headers, headers); !read) {
    set_problem(exchange.response, read.error());
    co_return;
  }
  const batches::BatchOwner owner{
      .caller = caller_of(exchange), .files = quota_of(exchange), .idempotency_key = headers.idempotency_key};
  const bool repeats = says_repeated(exchange.request.headers);
  auto making = with_files<Result<ShownBatch>>(exchange, [&](FileStore& files) -> Result<ShownBatch> {
    batches::BatchFolder& folder = exchange.service.batches->folder();
    const WallTime now = system_clock().now();
    if (repeats) {
      if (auto earlier = batches::find_repeated(folder, *body, owner.caller, now)) return *std::move(earlier);
    }
    return batches::make_batch(files, folder, std::move(*body), owner, exchange.options.batches, now);
  });
  auto made = co_await making;
  if (!made) {
    set_problem(exchange.response, made.error());
    co_return;
  }
  exchange.service.batches->wake();
  answer_batch(exchange, *made);
}

struct PageQuery {
  std::string after;  // "": from the newest one on
  std::size_t limit = 20;
};

Result<PageQuery> read_page_query(const http::RequestTarget& target) {
  const auto parameters = http::parse_query(target.query());
  if (!parameters) return parameters.error();
  PageQuery query;
  for (const auto& [name, value] : *parameters) {
    if (name == "after") {
      if (!batches::is_batch_id(value))
        return bad_member("/after", "after must be the id of a batch, got \"" + excerpt(value) + '"');
      query.after = value;
    } else if (name == "limit") {
      const auto limit = http::parse_unsigned(value);
      if (!limit || *limit == 0 || *limit > kLargestPage)
        return bad_member("/limit", "limit must be from 1 to 100, got \"" + excerpt(value) + '"');
      query.limit = static_cast<std::size_t>(*limit);
    } else {
      return bad_member('/' + excerpt(name), "the query parameter \"" + excerpt(name) + "\" is not known");
    }
  }
  return query;
}

// And one more, if there is one.
Result<std::vector<ShownBatch>> page_of(const batches::BatchFolder& folder, const std::string& caller,
                                        WallTime oldest, const PageQuery& query) {
  batches::BatchListQuery wanted{.oldest_end = oldest, .most = query.limit + 1};
  if (!query.after.empty()) {
    const auto after = folder.find(caller, query.after);
    if (!after) return after.error();
    if (!*after || ((*after)->batch.ended_at && *(*after)->batch.ended_at < oldest))
      return bad_member("/after", "after names no batch of yours");
    wanted.after = batches::rank_of((*after)->batch);
  }
  return folder.list(caller, wanted);
}

http::Task<void> list_batches(Exchange& exchange) {
  const auto query = read_page_query(exchange.target);
  if (!query) {
    set_problem(exchange.response, query.error());
    co_return;
  }
  const std::string caller = caller_of(exchange);
  const WallTime oldest = system_clock().now() - exchange.options.batches.retention;
  auto listing = with_files<Result<std::vector<ShownBatch>>>(exchange, [&](FileStore&) {
    return page_of(exchange.service.batches->folder(), caller, oldest, *query);
  });
  const auto page = co_await listing;
  if (!page) {
    set_problem(exchange.response, page.error());
    co_return;
  }
  exchange.response.set_json(200);
  batches::append_batch_page(exchange.response.body, *page, query->limit);
}

// nullopt: the response has been made a problem.
http::Task<std::optional<ShownBatch>> find_batch(Exchange& exchange) {
  const std::string id(exchange.route.parameters[0]);
  const std::string caller = caller_of(exchange);
  auto finding = with_files<Result<std::optional<ShownBatch>>>(
      exchange, [&](FileStore&) { return exchange.service.batches->folder().find(caller, id); });
  auto found = co_await finding;
  if (found && *found) co_return std::move(*found);
  set_problem(exchange.response, found ? no_such_batch(id) : found.error());
  co_return std::nullopt;
}

http::Task<void> show_batch(Exchange& exchange) {
  auto finding = find_batch(exchange);
  const auto found = co_await finding;
  if (found) answer_batch(exchange, *found);
}

http::Task<void> cancel_batch(Exchange& exchange) {
  auto finding = find_batch(exchange);
  auto found = co_await finding;
  if (!found) co_return;
  const batches::BatchStatus status = found->batch.status;
  if (batches::is_ended(status) || status == batches::BatchStatus::kFinalizing) {
    set_problem(exchange.response,
                {problem_code::kBatchEnded,
                 "a batch that is " + std::string(batches::status_name(status)) + " cannot be cancelled"});
    co_return;
  }
  auto asking = with_files<Result<void>>(exchange, [&](FileStore&) {
    return exchange.service.batches->folder().ask_cancel(found->batch.caller, found->batch.id);
  });
  const Result<void> asked = co_await asking;
  if (!asked) {
    set_problem(exchange.response, asked.error());
    co_return;
  }
  exchange.service.batches->wake();
  found->cancel_asked = true;
  if (!found->batch.cancelling_at) found->batch.cancelling_at = system_clock().now();
  answer_batch(exchange, *found);
}

}  // namespace

http::Task<void> serve_batches(Exchange& exchange, dialects::endpoint::Batches what) {
  if (!exchange.service.batches) {
    set_problem(exchange.response, Error{problem_code::kFilesDisabled,
                                         "this server keeps no files, and so no batches: it was told no "
                                         "folder for them (files.directory)"});
    co_return;
  }
  using Batches = dialects::endpoint::Batches;
  if (what == Batches::kCreate) co_await create_batch(exchange);
  if (what == Batches::kList) co_await list_batches(exchange);
  if (what == Batches::kShow) co_await show_batch(exchange);
  if (what == Batches::kCancel) co_await cancel_batch(exchange);
}

}  // namespace shunt::api
