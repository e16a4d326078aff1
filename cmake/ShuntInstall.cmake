# `cmake --install` gives the binary, the library with its headers, and a package: find_package(shunt CONFIG) and
# link to shunt::executor (which brings generation and base) or shunt::api.
include(CMakePackageConfigHelpers)
get_property(parts GLOBAL PROPERTY SHUNT_PARTS)
list(REMOVE_ITEM parts shunt_config shunt_site)
install(TARGETS shunt RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS ${parts} shunt_asio EXPORT shuntTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(part base http tracing generation executor flip api)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/${part}/include/shunt DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endforeach()
install(EXPORT shuntTargets NAMESPACE shunt:: DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/shunt)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/shuntConfig.cmake.in ${PROJECT_BINARY_DIR}/shuntConfig.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/shunt)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/shuntConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/shuntConfig.cmake ${PROJECT_BINARY_DIR}/shuntConfigVersion.cmake
        ${CMAKE_CURRENT_LIST_DIR}/FindRE2.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/shunt)
install(FILES LICENSE THIRD_PARTY_NOTICES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES config/shunt.toml config/flip-plan.toml DESTINATION ${CMAKE_INSTALL_DATADIR}/shunt)
