#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include "file_store_places.hpp"
#include "shunt/base/digest.hpp"
#include "shunt/base/random.hpp"

namespace shunt::generation {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using ::testing::HasSubstr;

constexpr WallTime kNow{milliseconds(1'800'000'000'000)};
const std::string kDigest = sha256_hex("hello");

std::unique_ptr<FileUpload> uploaded(FileStore& store, std::string_view bytes) {
  auto upload = store.begin_upload();
  EXPECT_TRUE(upload.ok());
  EXPECT_TRUE((*upload)->append(bytes).ok());
  return std::move(*upload);
}

Result<FileRecord> keep(FileStore& store, std::string_view bytes, FileQuota quota = {}) {
  const auto upload = uploaded(store, bytes);
  return store.keep(
      *upload,
      {.caller = "key:a", .media_type = "image/png", .created_at = kNow, .expires_at = kNow + hours(1)},
      quota);
}

std::string read(FileStore& store) {
  auto bytes = store.read(kDigest, 5, 0, 5);
  return bytes ? *bytes : std::string(bytes.error().code.text());
}

constexpr milliseconds kSoon(300);
constexpr milliseconds kNotSoon(10'000);

// A bucket with bad luck, whose server is given up soon, and asked once.
std::unique_ptr<FileStore> impatient(const BucketPlace& place, milliseconds request_timeout = kSoon) {
  S3Options options = place.options();
  options.tries = 1;
  options.request_timeout = request_timeout;
  return std::make_unique<S3FileStore>(*s3::checked(options), place.own());
}

std::string remover(milliseconds from_now) {
  return s3::remover_name(
      {.sha256 = kDigest, .until = system_clock().now() + from_now, .holder = std::string(32, '0')});
}

TEST(S3FileStore, ServersThatFailAreFailuresOfTheStore) {
  struct Case {
    const char* luck;
    const char* code;
    bool may_pass;
    // Where the server's own answer is what counts it has the time to give it.
    milliseconds request_timeout = kNotSoon;
  };
  for (const Case& each :
       {Case{"fault-403-", "file_store_failed", false}, Case{"fault-500-", "file_store_failed", true},
        Case{"fault-507-", "storage_full", true}, Case{"fault-hang-", "file_store_failed", true, kSoon},
        Case{"fault-list-cut-", "file_store_failed", false},
        Case{"fault-list-drip-", "file_store_failed", true, kSoon},
        Case{"fault-list-lie-", "file_store_failed", false},
        Case{"fault-list-large-", "file_store_failed", true}}) {
    BucketPlace place(each.luck);
    const auto store = impatient(place, each.request_timeout);
    const auto kept = keep(*store, "hello", {.max_files = 10});
    ASSERT_FALSE(kept.ok()) << each.luck;
    EXPECT_EQ(kept.error().code, each.code) << each.luck << kept.error().message;
    EXPECT_EQ(kept.error().is_retryable(), each.may_pass) << each.luck << kept.error().message;
    EXPECT_FALSE(store->hold({.sha256 = kDigest, .bytes = 5}, {.now = kNow, .until = kNow}).ok())
        << each.luck;
  }
}

TEST(S3FileStore, NobodyListeningIsAFailureThatMayPass) {
  BucketPlace place;
  S3Options options = place.options();
  options.endpoint = "http://127.0.0.1:1";
  options.tries = 1;
  S3FileStore store(*s3::checked(options), place.own());
  EXPECT_TRUE(keep(store, "hello").error().is_retryable());
  EXPECT_TRUE(store.list("", kNow).error().is_retryable());
  EXPECT_TRUE(store.expire(kNow).error().is_retryable());
}

TEST(S3FileStore, ASlowServerIsWaitedFor) {
  BucketPlace place("fault-slow-");
  const auto store = place.store();
  ASSERT_TRUE(keep(*store, "hello").ok());
  EXPECT_EQ(read(*store), "hello");
}

TEST(S3FileStore, AListThatNeverEndsIsAFailure) {
  BucketPlace place("fault-list-loop-");
  const auto store = place.store();
  EXPECT_EQ(store->list("key:a", kNow).error().code, "file_store_failed");
}

TEST(S3FileStore, AListIsGivenUpWithTheFirstRecordsThatDoNotCome) {
  BucketPlace place("fault-stall-");
  const std::string caller = s3::entries_of_caller("key:a");
  for (int i = 0; i < 300; ++i) {
    place.leave(caller + s3::encode_entry({.kind = s3::CallerEntry::Kind::kFile,
                                           .id = random_name(),
                                           .sha256 = kDigest,
                                           .bytes = 5,
                                           .until = kNow + hours(1)}),
                "x");
  }
  const auto store = impatient(place);
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_TRUE(store->list("key:a", kNow).error().is_retryable());
  // All of them, eight at once, would take more than ten seconds.
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
}

TEST(S3FileStore, OtherBytesOrSizesAreNotRead) {
  BucketPlace other("fault-other-");
  other.leave(s3::object_name(kDigest), "hello");
  EXPECT_EQ(read(*other.store()), "file_store_failed");
  BucketPlace size("fault-size-");
  size.leave(s3::object_name(kDigest), "hello");
  EXPECT_EQ(read(*size.store()), "file_store_failed");
  BucketPlace cut("fault-cut-");
  cut.leave(s3::object_name(kDigest), "hello");
  EXPECT_EQ(read(*impatient(cut)), "file_store_failed");
}

TEST(S3FileStore, NamesOfOthersAreNobodys) {
  BucketPlace place;
  const auto store = place.store();
  const auto kept = keep(*store, "hello");
  ASSERT_TRUE(kept.ok());
  const std::string caller = s3::entries_of_caller("key:a");
  for (const std::string& foreign :
       {caller + "file-", caller + "%2E%2E", caller + "use-x", std::string("objects/x"),
        "held/" + kDigest + "/x", "removing/" + kDigest + "/x"}) {
    place.leave(foreign, "x");
  }
  EXPECT_EQ(store->list("key:a", kNow)->size(), 1U);
  EXPECT_TRUE(keep(*store, "hello", {.max_bytes = 10, .max_files = 2}).ok());
  EXPECT_TRUE(*store->remove("key:a", kept->id));
}

TEST(S3FileStore, ARecordThatDoesNotSayWhatItsNameSaysIsNone) {
  BucketPlace place;
  const auto store = place.store();
  const auto kept = keep(*store, "hello");
  ASSERT_TRUE(kept.ok());
  const s3::CallerEntry entry{
      .id = kept->id.substr(5), .sha256 = kDigest, .bytes = 5, .until = kept->expires_at};
  const std::string name = s3::entries_of_caller("key:a") + s3::encode_entry(entry);
  ASSERT_TRUE(place.names().contains(name));
  FileRecord lie = *kept;
  for (const auto& change : std::vector<void (*)(FileRecord&)>{
           [](FileRecord& record) { record.caller = "key:b"; }, [](FileRecord& record) { record.bytes = 6; },
           [](FileRecord& record) { record.expires_at += hours(1); }}) {
    lie = *kept;
    change(lie);
    place.leave(name, encode_file_record(lie));
    EXPECT_EQ(store->find("key:a", kept->id, kNow).error().code, "file_store_failed");
    EXPECT_TRUE(store->list("key:a", kNow)->empty());
  }
  place.leave(name, std::string(100'000, ' '));
  EXPECT_EQ(store->find("key:a", kept->id, kNow).error().code, "file_store_failed");
}

TEST(S3FileStore, WhoeverAddsWaitsForWhoeverRemoves) {
  BucketPlace place;
  const auto store = place.store();
  place.leave(remover(minutes(5)));
  std::thread other([&place] {
    std::this_thread::sleep_for(milliseconds(300));
    for (const std::string& name : place.names()) {
      if (name.starts_with("removing/")) place.drop(name);
    }
  });
  const auto kept = keep(*store, "hello");
  other.join();
  ASSERT_TRUE(kept.ok()) << kept.error().message;
  EXPECT_EQ(read(*store), "hello");
}

TEST(S3FileStore, ARemoverThatHasDiedIsWaitedForNoLongerThanItsMarkLasts) {
  BucketPlace place;
  S3FileStoreOptions own = place.own();
  own.removal.patience = milliseconds(300);
  S3FileStore store(*s3::checked(place.options()), own);
  place.leave(remover(minutes(5)));
  const auto refused = keep(store, "hello");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("are being removed"));
  EXPECT_TRUE(refused.error().is_retryable());
  EXPECT_EQ(place.files_left(), 1U);
  BucketPlace later;
  later.leave(remover(-minutes(1)));
  EXPECT_TRUE(keep(*later.store(), "hello").ok());
}

TEST(S3FileStore, ARemoverThatWasTooSlowRemovesNothing) {
  BucketPlace place;
  S3FileStoreOptions own = place.own();
  own.removal.slowest = milliseconds(-1);
  S3FileStore slow(*s3::checked(place.options()), own);
  const auto kept = keep(slow, "hello");
  ASSERT_TRUE(kept.ok());
  EXPECT_TRUE(*slow.remove("key:a", kept->id));
  EXPECT_EQ(read(slow), "hello");
  EXPECT_EQ(place.files_left(), 1U);
}

TEST(S3FileStore, AClaimOfAProcessThatDiedCountsForAnHour) {
  BucketPlace place;
  const auto store = place.store();
  const s3::CallerEntry claim{.kind = s3::CallerEntry::Kind::kClaim,
                              .id = std::string(32, 'b'),
                              .sha256 = kDigest,
                              .bytes = 8,
                              .until = kNow + hours(1)};
  place.leave(s3::entries_of_caller("key:a") + s3::encode_entry(claim));
  EXPECT_EQ(keep(*store, "hello", {.max_bytes = 10}).error().code, "file_quota_exceeded");
  EXPECT_TRUE(store->list("key:a", kNow)->empty());
  for (int call = 0; call < 256; ++call) EXPECT_TRUE(store->expire(kNow + hours(2)).ok());
  EXPECT_EQ(place.files_left(), 0U);
  EXPECT_TRUE(keep(*store, "hello", {.max_bytes = 10}).ok());
}

TEST(S3FileStore, ManyProcessesAtOnceKeepNoMoreThanTheQuota) {
  BucketPlace place;
  std::vector<std::thread> threads;
  std::atomic<int> kept{0};
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&place, &kept] {
      const auto own = place.store();
      for (int tries = 0; tries < 3; ++tries) kept += keep(*own, "hello", {.max_files = 4}) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(kept, 4);
  EXPECT_EQ(place.store()->list("key:a", kNow)->size(), static_cast<std::size_t>(kept));
}

// Lets others do something between two requests of a remover: it looks at the clock after it has looked for
// holders the first time, and again after the second time.
class InterruptingClock final : public Clock {
 public:
  WallTime now() const override { return system_clock().now(); }
  SteadyTime steady_now() const override {
    if (looks_left_ > 0 && --looks_left_ == 0) interrupt_();
    return system_clock().steady_now();
  }
  void at_look(int number, std::function<void()> interrupt) {
    interrupt_ = std::move(interrupt);
    looks_left_ = number;
  }

 private:
  mutable int looks_left_ = 0;
  std::function<void()> interrupt_;
};

TEST(S3FileStore, ARemoverThatFindsAHolderAfterItsMarkLeavesTheBytes) {
  BucketPlace place;
  InterruptingClock clock;
  S3FileStoreOptions own = place.own();
  own.clock = &clock;
  S3FileStore remover(*s3::checked(place.options()), own);
  const auto adder = place.store();
  const auto first = keep(remover, "hello");
  ASSERT_TRUE(first.ok());
  clock.at_look(1, [&adder] { EXPECT_TRUE(keep(*adder, "hello").ok()); });
  EXPECT_TRUE(*remover.remove("key:a", first->id));
  EXPECT_EQ(read(*adder), "hello");
  EXPECT_EQ(place.files_left(), 3U);
}

TEST(S3FileStore, WhoeverAddsBetweenTheLookAndTheRemovalPutsTheBytesAgain) {
  BucketPlace place;
  InterruptingClock clock;
  S3FileStoreOptions own = place.own();
  own.clock = &clock;
  S3FileStore remover(*s3::checked(place.options()), own);
  const auto adder = place.store();
  const auto first = keep(remover, "hello");
  ASSERT_TRUE(first.ok());
  std::future<Result<FileRecord>> second;
  clock.at_look(2, [&] {
    second = std::async(std::launch::async, [&adder] { return keep(*adder, "hello"); });
    // It has put its holder, and would have found the bytes that are about to go.
    EXPECT_EQ(second.wait_for(milliseconds(500)), std::future_status::timeout);
  });
  EXPECT_TRUE(*remover.remove("key:a", first->id));
  EXPECT_TRUE(second.get().ok());
  EXPECT_EQ(read(*adder), "hello");
  EXPECT_EQ(place.files_left(), 3U);
}

// Whatever the order, a file whose keeping has been told is there until it is removed.
TEST(S3FileStore, ProcessesThatRemoveAndAddTheSameBytesAtOnceLoseNone) {
  BucketPlace place;
  std::atomic<int> lost{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&place, &lost] {
      const auto own = place.store();
      for (int round = 0; round < 8; ++round) {
        const auto kept = keep(*own, "hello");
        EXPECT_TRUE(kept.ok());
        if (!kept) continue;
        if (read(*own) != "hello") ++lost;
        EXPECT_TRUE(*own->remove("key:a", kept->id));
      }
    });
  }
  std::thread sweeper([&place] {
    const auto own = place.store();
    for (int call = 0; call < 600; ++call) EXPECT_TRUE(own->expire(kNow).ok());
  });
  for (std::thread& thread : threads) thread.join();
  sweeper.join();
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(place.files_left(), 0U);
}

TEST(S3FileStore, AWalkGoesPageByPage) {
  BucketPlace place;
  const auto store = place.store();
  for (int i = 0; i < 300; ++i) {
    const s3::CallerEntry use{.kind = s3::CallerEntry::Kind::kUse,
                              .id = sha256_hex(std::to_string(i)).substr(0, 32),
                              .sha256 = kDigest,
                              .until = kNow};
    place.leave(s3::entries_of_caller("key:a") + s3::encode_entry(use));
  }
  EXPECT_EQ(*store->expire(kNow), 250U);
  EXPECT_EQ(*store->expire(kNow), 50U);
  EXPECT_EQ(place.files_left(), 0U);
}

TEST(S3FileStore, OptionsThatCannotBeMeantAreRefused) {
  S3Options options = BucketPlace().options();
  options.endpoint = "box";
  EXPECT_THAT(make_s3_file_store(options, "/tmp").error().message, HasSubstr("artifacts.s3.endpoint"));
}

}  // namespace
}  // namespace shunt::generation
