# An overlay port: SHUNT_RELEASE is an unpacked release of Shunt, which carries BullMQ's scripts (packaging/README.md).
#   SHUNT_RELEASE=/src/shunt-0.2.0 VCPKG_KEEP_ENV_VARS=SHUNT_RELEASE vcpkg install bullmq --overlay-ports=packaging/vcpkg
if(NOT EXISTS "$ENV{SHUNT_RELEASE}/bullmq/upstream/carried/package.json")
  message(FATAL_ERROR "SHUNT_RELEASE must name an unpacked release of Shunt, got: \"$ENV{SHUNT_RELEASE}\"")
endif()
set(SOURCE_PATH "$ENV{SHUNT_RELEASE}")
string(COMPARE EQUAL "${VCPKG_LIBRARY_LINKAGE}" "dynamic" is_shared)

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}/bullmq"
  OPTIONS -DBULLMQ_BUILD_SHARED=${is_shared})
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/bullmq)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share")
if(is_shared)
  file(GLOB static_library "${CURRENT_PACKAGES_DIR}/lib/*.a" "${CURRENT_PACKAGES_DIR}/debug/lib/*.a"
    "${CURRENT_PACKAGES_DIR}/share/bullmq/bullmqStaticTargets*.cmake")
  file(REMOVE ${static_library})
endif()
vcpkg_install_copyright(FILE_LIST
  "${SOURCE_PATH}/LICENSE" "${SOURCE_PATH}/bullmq/upstream/carried/LICENSE")
