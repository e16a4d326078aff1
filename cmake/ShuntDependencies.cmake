# Everything comes from Debian 12 packages (packages.txt); docs/decisions/ says why each was chosen.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
find_package(RE2 REQUIRED)
find_package(prometheus-cpp REQUIRED)
if(SHUNT_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()

# Header-only Boost (Asio, Beast) under one name, with the switches that every user must agree on.
add_library(shunt_asio INTERFACE)
target_link_libraries(shunt_asio INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(shunt_asio INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)
if(SHUNT_SANITIZE MATCHES "thread")
  # ThreadSanitizer does not model the fences that Asio puts around handlers.
  target_compile_definitions(shunt_asio INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()
