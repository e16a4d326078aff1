#include <bullmq/version.hpp>
#include <iostream>

int main() {
  std::cout << "compatible with BullMQ " << bullmq::upstream_version() << '\n';
}
