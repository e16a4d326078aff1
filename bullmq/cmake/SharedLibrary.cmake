# The shared library, of the same objects as the static one. Its soname is a promise of its own: BULLMQ_ABI goes up when a
# program that was linked before could not run any more (docs/install.md), whatever the version is then.
set(BULLMQ_ABI 1)
option(BULLMQ_BUILD_SHARED "Build libbullmq.so beside libbullmq.a" ${PROJECT_IS_TOP_LEVEL})
if(NOT BULLMQ_BUILD_SHARED)
  return()
endif()
set(bullmq_map ${CMAKE_CURRENT_SOURCE_DIR}/bullmq.map)
add_library(bullmq_shared SHARED $<TARGET_OBJECTS:bullmq>)
add_library(bullmq::shared ALIAS bullmq_shared)
set_target_properties(bullmq_shared PROPERTIES
  OUTPUT_NAME bullmq
  EXPORT_NAME shared
  LINKER_LANGUAGE CXX
  VERSION ${BULLMQ_ABI}.${PROJECT_VERSION}
  SOVERSION ${BULLMQ_ABI}
  LINK_DEPENDS ${bullmq_map})
target_compile_features(bullmq_shared PUBLIC cxx_std_20)
target_include_directories(bullmq_shared
  INTERFACE $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
# A program needs the headers of Boost for its own code; OpenSSL and hiredis are the library's affair.
target_link_libraries(bullmq_shared PUBLIC Boost::headers Boost::json Threads::Threads
  PRIVATE OpenSSL::SSL OpenSSL::Crypto PkgConfig::hiredis)
target_link_options(bullmq_shared PRIVATE LINKER:--version-script=${bullmq_map})
