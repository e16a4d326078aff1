# `cmake --install BUILD --component bullmq` gives the library alone: find_package(bullmq CONFIG), or pkg-config bullmq.
include(CMakePackageConfigHelpers)
set(BULLMQ_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/bullmq)
install(TARGETS bullmq EXPORT bullmqTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT bullmq)
install(DIRECTORY include/bullmq DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT bullmq)
install(EXPORT bullmqTargets NAMESPACE bullmq:: DESTINATION ${BULLMQ_CMAKE_DIR} COMPONENT bullmq)

configure_package_config_file(cmake/bullmqConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/bullmqConfig.cmake
  INSTALL_DESTINATION ${BULLMQ_CMAKE_DIR})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/bullmqConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/bullmqConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/bullmqConfigVersion.cmake
  DESTINATION ${BULLMQ_CMAKE_DIR} COMPONENT bullmq)

# The .pc file finds its prefix from where it lies, so that `cmake --install --prefix` may choose it.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX} OUTPUT_VARIABLE libdir)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig
  OUTPUT_VARIABLE BULLMQ_PC_PREFIX)
set(BULLMQ_PC_LIBDIR ${libdir})
configure_file(cmake/bullmq.pc.in ${CMAKE_CURRENT_BINARY_DIR}/bullmq.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/bullmq.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT bullmq)

# The library contains upstream's scripts, so their notice goes wherever it goes.
install(FILES ${BULLMQ_LICENSE_FILE} DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/bullmq RENAME BULLMQ-LICENSE
  COMPONENT bullmq)
