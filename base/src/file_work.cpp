#include "shunt/base/file_work.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <utility>

namespace shunt::base {

struct FileWork::Pool {
  explicit Pool(std::size_t count) : threads(count) {}
  boost::asio::thread_pool threads;
};

FileWork::FileWork(std::size_t threads) : threads_(threads) {}

void FileWork::join() {
  if (pool_) pool_->threads.join();
}

void FileWork::post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  if (!pool_) pool_ = std::make_shared<Pool>(threads_);
  boost::asio::post(pool_->threads, std::move(work));
}

}  // namespace shunt::base
