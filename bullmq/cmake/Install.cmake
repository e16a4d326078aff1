# Three components: bullmq_runtime is the shared library alone, bullmq_dev what programs are built with (the package
# libbullmq-dev), and bullmq_notice upstream's notice, which goes wherever the library goes. After it,
# find_package(bullmq CONFIG) and pkg-config bullmq find the library.
include(CMakePackageConfigHelpers)
set(BULLMQ_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/bullmq)
install(TARGETS bullmq EXPORT bullmqStaticTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT bullmq_dev)
install(EXPORT bullmqStaticTargets NAMESPACE bullmq:: DESTINATION ${BULLMQ_CMAKE_DIR} COMPONENT bullmq_dev)
if(TARGET bullmq_shared)
  install(TARGETS bullmq_shared EXPORT bullmqSharedTargets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT bullmq_runtime NAMELINK_COMPONENT bullmq_dev)
  install(EXPORT bullmqSharedTargets NAMESPACE bullmq:: DESTINATION ${BULLMQ_CMAKE_DIR} COMPONENT bullmq_dev)
endif()
install(DIRECTORY include/bullmq DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT bullmq_dev)

configure_package_config_file(cmake/bullmqConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/bullmqConfig.cmake
  INSTALL_DESTINATION ${BULLMQ_CMAKE_DIR})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/bullmqConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/bullmqConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/bullmqConfigVersion.cmake
  DESTINATION ${BULLMQ_CMAKE_DIR} COMPONENT bullmq_dev)

# The .pc file finds its prefix from where it lies, so that `cmake --install --prefix` may choose it.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX} OUTPUT_VARIABLE libdir)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig
  OUTPUT_VARIABLE BULLMQ_PC_PREFIX)
set(BULLMQ_PC_LIBDIR ${libdir})
# What a program names beside the library itself: with libbullmq.so, only what its own code uses.
set(BULLMQ_PC_REQUIRES "Requires: hiredis openssl")
if(TARGET bullmq_shared)
  set(BULLMQ_PC_REQUIRES "Requires.private: hiredis openssl")
endif()
configure_file(cmake/bullmq.pc.in ${CMAKE_CURRENT_BINARY_DIR}/bullmq.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/bullmq.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT bullmq_dev)

install(FILES ${BULLMQ_LICENSE_FILE} DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/bullmq RENAME BULLMQ-LICENSE
  COMPONENT bullmq_notice)
