#include "redis/reply_reader.hpp"

#include <hiredis/read.h>

#include <algorithm>
#include <new>
#include <utility>

#include "bullmq/error.hpp"

namespace bullmq::detail {
namespace {

constexpr std::size_t kKeptBufferBytes = 1024UL * 1024;
// As deep as hiredis 0.14 reads. Later ones have no bound, and a tree of replies is destroyed by recursion.
constexpr int kDeepest = 8;

// hiredis calls these with the task that it reads. task->parent is the array around it, already made and
// sized, so the element is in its place before its own elements come, and stays there.
Reply* place(const redisReadTask* task) {
  if (task->parent == nullptr) return new (std::nothrow) Reply;
  return &static_cast<Reply*>(task->parent->obj)->elements[static_cast<std::size_t>(task->idx)];
}

// The budget travels on the root task, which is where hiredis puts the reader's privdata.
bool spend(const redisReadTask* task, std::size_t bytes) {
  const bool is_resp2 = task->type <= REDIS_REPLY_ERROR;
  int depth = 0;
  for (; task->parent != nullptr; task = task->parent) ++depth;
  auto* budget = static_cast<ReplyReader::Budget*>(task->privdata);
  if (!is_resp2 || depth > kDeepest) {
    budget->unknown =
        is_resp2 ? "arrays within arrays, more than 8" : "a type of RESP3, which nobody asked for";
    return false;
  }
  budget->used += bytes;
  if (budget->used <= budget->max_bytes) return true;
  budget->exceeded = true;
  return false;
}

// What an error says becomes the words of an exception, which has some, and ends at a NUL.
void give_words(std::string& text) {
  std::ranges::replace(text, '\0', ' ');
  if (text.empty()) text = "ERR without a word";
}

// A null pointer makes hiredis stop with an out-of-memory error.
void* create_string(const redisReadTask* task, char* text, std::size_t length) noexcept {
  if (!spend(task, length + sizeof(Reply))) return nullptr;
  Reply* const reply = place(task);
  if (reply == nullptr) return nullptr;
  reply->type = task->type == REDIS_REPLY_ERROR    ? Reply::Type::error
                : task->type == REDIS_REPLY_STATUS ? Reply::Type::status
                                                   : Reply::Type::string;
  reply->text.assign(text, length);
  if (reply->type == Reply::Type::error) give_words(reply->text);
  return reply;
}

// `Size` is an int up to hiredis 0.14, and a std::size_t since 1.0.
template <typename Size>
void* create_array(const redisReadTask* task, Size elements) noexcept {
  const std::size_t count = elements > 0 ? static_cast<std::size_t>(elements) : 0;
  // Checked before anything is allocated: the count is the server's word only.
  if (!spend(task, (count + 1) * sizeof(Reply))) return nullptr;
  Reply* const reply = place(task);
  if (reply == nullptr) return nullptr;
  reply->type = Reply::Type::array;
  reply->elements.resize(count);
  return reply;
}

void* create_integer(const redisReadTask* task, long long value) noexcept {
  if (!spend(task, sizeof(Reply))) return nullptr;
  Reply* const reply = place(task);
  if (reply == nullptr) return nullptr;
  reply->type = Reply::Type::integer;
  reply->integer = value;
  return reply;
}

void* create_nil(const redisReadTask* task) noexcept {
  if (!spend(task, sizeof(Reply))) return nullptr;
  return place(task);
}

void free_object(void* object) noexcept {
  delete static_cast<Reply*>(object);
}

#ifdef REDIS_REPLY_DOUBLE
// hiredis since 1.0, which reads RESP3, too. Without a function it would make a pointer of the type's number.
void* create_double(const redisReadTask* task, double /*value*/, char* /*text*/,
                    std::size_t /*length*/) noexcept {
  (void)spend(task, 0);
  return nullptr;
}

void* create_bool(const redisReadTask* task, int /*value*/) noexcept {
  (void)spend(task, 0);
  return nullptr;
}

redisReplyObjectFunctions kFunctions{create_string, create_array, create_integer, create_double,
                                     create_nil,    create_bool,  free_object};
#else
redisReplyObjectFunctions kFunctions{create_string, create_array, create_integer, create_nil, free_object};
#endif

}  // namespace

void ReplyReader::Free::operator()(redisReader* reader) const noexcept {
  redisReaderFree(reader);
}

ReplyReader::ReplyReader(std::size_t max_bytes)
    : budget_(std::make_unique<Budget>(Budget{.max_bytes = max_bytes})),
      reader_(redisReaderCreateWithFunctions(&kFunctions)) {
  if (!reader_) throw std::bad_alloc();
  reader_->privdata = budget_.get();
}

ReplyReader::~ReplyReader() = default;
ReplyReader::ReplyReader(ReplyReader&&) noexcept = default;
ReplyReader& ReplyReader::operator=(ReplyReader&&) noexcept = default;

void ReplyReader::fail() const {
  if (budget_->exceeded) {
    throw ConnectionError(Fate::unknown, "Redis answered with more than max_reply_bytes (" +
                                             std::to_string(budget_->max_bytes) + " bytes) at once");
  }
  const char* const what = budget_->unknown != nullptr ? budget_->unknown : reader_->errstr;
  throw ConnectionError(Fate::unknown, std::string("Redis answered with something that is no RESP: ") + what);
}

void ReplyReader::feed(std::string_view bytes) {
  // A string that is not whole yet waits in hiredis' buffer, so the bound is checked here too.
  if (reader_->len - reader_->pos + bytes.size() > budget_->max_bytes + 65'536) {
    budget_->exceeded = true;
    fail();
  }
  if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK) fail();
  largest_ = std::max(largest_, reader_->len);
}

std::optional<Reply> ReplyReader::next() {
  void* object = nullptr;
  if (redisReaderGetReply(reader_.get(), &object) != REDIS_OK) fail();
  if (object == nullptr) return std::nullopt;
  budget_->used = 0;
  // Everything is parsed: what a large reply needed is given back, and not kept for the next one.
  if (largest_ > kKeptBufferBytes && reader_->pos == reader_->len) {
    largest_ = 0;
    reader_.reset(redisReaderCreateWithFunctions(&kFunctions));
    if (!reader_) throw std::bad_alloc();
    reader_->privdata = budget_.get();
  }
  const std::unique_ptr<Reply> reply(static_cast<Reply*>(object));
  return std::optional<Reply>(std::move(*reply));
}

}  // namespace bullmq::detail
