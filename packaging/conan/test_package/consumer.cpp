#include <bullmq/blocking.hpp>
#include <bullmq/version.hpp>
#include <cstdlib>
#include <iostream>

// With REDIS_URL it also adds a job, which needs more of the library than its version does.
int main() {
  std::cout << "compatible with BullMQ " << bullmq::upstream_version() << '\n';
  const char* url = std::getenv("REDIS_URL");
  if (url == nullptr) return 0;
  bullmq::ConnectionOptions options;
  options.url = url;
  bullmq::blocking::Client client(options);
  bullmq::blocking::Queue queue(client, "conan");
  std::cout << "added job " << queue.add("greet", R"({"name": "Ada"})").id() << '\n';
}
