# What `cmake --install` gives, in components (docs/install.md): `shunt` is the service, with its units, configuration,
# manual and documentation; `shunt_dev` the libraries of C++ programs that bring a generator of their own
# (find_package(shunt CONFIG), and link to shunt::executor or shunt::api); bullmq_runtime, bullmq_dev and bullmq_notice are
# bullmq's (bullmq/cmake/Install.cmake); `notices` the licences.
include(CMakePackageConfigHelpers)
get_property(parts GLOBAL PROPERTY SHUNT_PARTS)
list(REMOVE_ITEM parts shunt_config shunt_site)
install(TARGETS ${parts} shunt_asio EXPORT shuntTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT shunt_dev)
foreach(part base http tracing generation executor flip api)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${part}/include/shunt DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    COMPONENT shunt_dev)
endforeach()
install(EXPORT shuntTargets NAMESPACE shunt:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/shunt COMPONENT shunt_dev)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/shuntConfig.cmake.in ${PROJECT_BINARY_DIR}/shuntConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/shunt)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/shuntConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/shuntConfig.cmake ${PROJECT_BINARY_DIR}/shuntConfigVersion.cmake
        ${CMAKE_CURRENT_LIST_DIR}/FindRE2.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/shunt COMPONENT shunt_dev)

install(TARGETS shunt RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT shunt)
include(ShuntManual)
configure_file(${PROJECT_SOURCE_DIR}/packaging/install_service.cmake.in ${PROJECT_BINARY_DIR}/install_service.cmake @ONLY)
install(SCRIPT ${PROJECT_BINARY_DIR}/install_service.cmake COMPONENT shunt)
install(FILES config/shunt.toml config/flip-plan.toml DESTINATION ${CMAKE_INSTALL_DATADIR}/shunt COMPONENT shunt)
install(FILES README.md CHANGELOG.md deploy/systemd/shunt.env.example DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/shunt
  COMPONENT shunt)
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/shunt COMPONENT shunt
  FILES_MATCHING PATTERN "*.md" PATTERN "*.svg" PATTERN decisions EXCLUDE PATTERN site EXCLUDE)
install(FILES LICENSE THIRD_PARTY_NOTICES DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/shunt COMPONENT notices)
