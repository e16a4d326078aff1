# Language level, warnings, sanitizers and output folders: the same for every target of ours.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# From 3.28 on CMake looks for modules in each file, of which there are none, and makes no batches of what it looks at.
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

# ccache makes a second preset or a branch switch cheap; nothing depends on it.
find_program(SHUNT_CCACHE ccache)
if(SHUNT_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${SHUNT_CCACHE})
endif()
# lld links the test programs several times faster than bfd. A cross compiler looks for one under a name of its target.
find_program(SHUNT_LLD NAMES ld.lld ld.lld-19)
if(SHUNT_LLD AND SHUNT_LLD MATCHES "ld.lld$" AND NOT CMAKE_CROSSCOMPILING)
  add_link_options(-fuse-ld=lld)
endif()

# Where a processor multiplies and adds in one step, as arm64 does, g++ uses that, and the last bit of a double is another
# than elsewhere: processes of two architectures that share a queue would not compute the same delay or the same share.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  add_compile_options(-ffp-contract=off)
endif()

# g++ 13 takes members of a std::variant's other types for read when a temporary one is moved; 14 does not, and 12 only with sanitizers.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION MATCHES "^13\\.")
  add_compile_options(-Wno-maybe-uninitialized)
endif()

if(SHUNT_SANITIZE)
  add_compile_options(-fsanitize=${SHUNT_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -O1 -g1)
  add_link_options(-fsanitize=${SHUNT_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # A false positive of g++ 12, where -O1 inlines Asio's allocation of a coroutine frame but not its deallocation.
    add_compile_options(-Wno-mismatched-new-delete)
    if(SHUNT_SANITIZE MATCHES "address")
      # And of this one in instrumented coroutine frames and std::variant.
      add_compile_options(-Wno-maybe-uninitialized)
    endif()
  endif()
endif()

# What keeps a fault from becoming an exploit: stack canaries and guard pages, checked string functions and containers,
# targets of indirect jumps, read-only relocations, addresses that nobody knows. docs/performance.md tells what it costs.
option(SHUNT_HARDENED "Compile and link with the hardening that the compiler and the processor have" ON)
if(SHUNT_HARDENED)
  include(CheckPIESupported)
  check_pie_supported(LANGUAGES CXX)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  add_compile_options(-fstack-protector-strong -fstack-clash-protection)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    add_compile_options(-fcf-protection=full)
  elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    add_compile_options(-mbranch-protection=standard)
  endif()
  if(CMAKE_BUILD_TYPE MATCHES "Rel" AND NOT SHUNT_SANITIZE)
    # FORTIFY needs an optimising compiler, and hides from sanitizers what they would find.
    add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  endif()
  add_link_options(LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)
endif()

add_library(shunt_warnings INTERFACE)
target_compile_options(shunt_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False positives in std::string's operator+ at -O2 (GCC bug 105651, fixed in 13).
  target_compile_options(shunt_warnings INTERFACE -Wno-restrict)
endif()
