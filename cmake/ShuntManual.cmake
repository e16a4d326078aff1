# Manual pages and completions, which the binary itself tells: none is written by hand, so none is behind.
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
set(SHUNT_MANUAL_DIR ${PROJECT_BINARY_DIR}/manual)
set(manual ${PROJECT_SOURCE_DIR}/packaging/manual)
add_custom_command(OUTPUT ${SHUNT_MANUAL_DIR}/shunt.1 ${SHUNT_MANUAL_DIR}/shunt.toml.5
  COMMAND ${Python3_EXECUTABLE} -B ${manual}/man_pages.py ${SHUNT_MANUAL_DIR} ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:shunt>
  DEPENDS shunt ${manual}/man_pages.py ${manual}/roff.py ${manual}/command_page.py ${manual}/settings_page.py
  VERBATIM)
add_custom_command(OUTPUT ${SHUNT_MANUAL_DIR}/shunt ${SHUNT_MANUAL_DIR}/_shunt ${SHUNT_MANUAL_DIR}/shunt.fish
  COMMAND ${CMAKE_COMMAND} -E make_directory ${SHUNT_MANUAL_DIR}
  COMMAND shunt completion bash > ${SHUNT_MANUAL_DIR}/shunt
  COMMAND shunt completion zsh > ${SHUNT_MANUAL_DIR}/_shunt
  COMMAND shunt completion fish > ${SHUNT_MANUAL_DIR}/shunt.fish
  DEPENDS shunt)
add_custom_target(manual ALL DEPENDS
  ${SHUNT_MANUAL_DIR}/shunt.1 ${SHUNT_MANUAL_DIR}/shunt.toml.5
  ${SHUNT_MANUAL_DIR}/shunt ${SHUNT_MANUAL_DIR}/_shunt ${SHUNT_MANUAL_DIR}/shunt.fish)

install(FILES ${SHUNT_MANUAL_DIR}/shunt.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT shunt)
install(FILES ${SHUNT_MANUAL_DIR}/shunt.toml.5 DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT shunt)
install(FILES ${SHUNT_MANUAL_DIR}/shunt DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT shunt)
install(FILES ${SHUNT_MANUAL_DIR}/_shunt DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions COMPONENT shunt)
install(FILES ${SHUNT_MANUAL_DIR}/shunt.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d
  COMPONENT shunt)
