# Debian packages by CPack: ./package makes and checks them, docs/install.md describes them. All else that a package holds
# (copyright, changelog, control files) is in packaging/debian.
set(SHUNT_PACKAGE_MAINTAINER "The Shunt developers <maintainers@shunt.invalid>" CACHE STRING
  "Who answers for the packages: a name and an address")
set(packaging ${PROJECT_SOURCE_DIR}/packaging/debian)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME shunt)
set(CPACK_PACKAGE_VENDOR Shunt)
set(CPACK_PACKAGE_CONTACT "${SHUNT_PACKAGE_MAINTAINER}")
# Each package has a summary of its own; this one would be put before them.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(CPACK_COMPONENTS_ALL shunt bullmq_runtime bullmq_dev)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_STRIP_FILES ON)
# A configuration lies in /etc, and so outside the prefix.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/lib)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# Copyright and changelog, compressed manual pages, overrides: what a package of Debian has and an installation has not.
get_directory_property(BULLMQ_LICENSE_FILE DIRECTORY ${PROJECT_SOURCE_DIR}/bullmq DEFINITION BULLMQ_LICENSE_FILE)
configure_file(${packaging}/finish.cmake.in ${PROJECT_BINARY_DIR}/finish_packages.cmake @ONLY)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_BINARY_DIR}/finish_packages.cmake)

set(CPACK_DEBIAN_SHUNT_PACKAGE_NAME shunt)
set(CPACK_DEBIAN_SHUNT_PACKAGE_SECTION net)
set(CPACK_DEBIAN_SHUNT_PACKAGE_DEPENDS adduser)
set(CPACK_DEBIAN_SHUNT_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_SHUNT_PACKAGE_SUGGESTS "espeak-ng, redis-server")
set(CPACK_DEBIAN_SHUNT_DESCRIPTION "generation jobs over HTTP, inline or on a BullMQ queue
Shunt runs generation jobs, requests to language models, speech, images or any
program, behind one HTTP endpoint with streaming, deadlines, cancellation,
idempotency, limits and metrics. Every request runs in one process at first; by
one switch the same endpoint runs on a BullMQ queue over Redis with any number
of workers.")
set(CPACK_DEBIAN_SHUNT_PACKAGE_CONTROL_EXTRA
  ${packaging}/shunt/conffiles ${packaging}/shunt/postinst ${packaging}/shunt/prerm ${packaging}/shunt/postrm)

# shlibs and trigger of our own: CPack's shlibs know no version from which on the library suits.
get_directory_property(BULLMQ_ABI DIRECTORY ${PROJECT_SOURCE_DIR}/bullmq DEFINITION BULLMQ_ABI)
configure_file(${packaging}/libbullmq1/shlibs.in ${PROJECT_BINARY_DIR}/packages/shlibs @ONLY)
set(CPACK_DEBIAN_BULLMQ_RUNTIME_PACKAGE_NAME libbullmq${BULLMQ_ABI})
set(CPACK_DEBIAN_BULLMQ_RUNTIME_PACKAGE_MULTIARCH same)
set(CPACK_DEBIAN_BULLMQ_RUNTIME_PACKAGE_CONTROL_EXTRA
  ${PROJECT_BINARY_DIR}/packages/shlibs ${packaging}/libbullmq1/triggers)
set(CPACK_DEBIAN_BULLMQ_RUNTIME_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_BULLMQ_RUNTIME_DESCRIPTION "BullMQ client for C++, shared library
Queues, workers and events on Redis for C++ programs, shared with Node.js,
Python and every other client of BullMQ, whose own scripts this library runs.")

set(CPACK_DEBIAN_BULLMQ_DEV_PACKAGE_NAME libbullmq-dev)
set(CPACK_DEBIAN_BULLMQ_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_BULLMQ_DEV_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_BULLMQ_DEV_PACKAGE_DEPENDS
  "libboost1.81-dev, libboost-json1.81-dev, libhiredis-dev, libssl-dev")
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_COMPONENT_BULLMQ_DEV_DEPENDS bullmq_runtime)
set(CPACK_DEBIAN_BULLMQ_DEV_DESCRIPTION "BullMQ client for C++, development files
Headers, the static library, and the packages for CMake
(find_package) and pkg-config of libbullmq1, a BullMQ client for C++ on Redis.")
include(CPack)

# What the package of the service holds (Dockerfile), and what ./package builds.
add_custom_target(packaged_service DEPENDS shunt manual)
add_custom_target(packaged DEPENDS packaged_service bullmq_shared)
