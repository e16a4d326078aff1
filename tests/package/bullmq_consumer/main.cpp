#include <bullmq/blocking.hpp>
#include <bullmq/version.hpp>
#include <iostream>

#if defined(BOOST_ASIO_VERSION) || defined(BOOST_ASIO_DECL)
#error "bullmq/blocking.hpp includes Boost.Asio"
#endif

int main(int argc, char**) {
  std::cout << "compatible with BullMQ " << bullmq::upstream_version() << '\n';
  // Linked, not run: the blocking API needs nothing but the library.
  if (argc > 1) {
    bullmq::blocking::Client client;
    bullmq::blocking::Queue queue(client, "q");
    std::cout << queue.add("job").id() << '\n';
  }
}
