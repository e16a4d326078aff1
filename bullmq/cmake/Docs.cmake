# `cmake --build BUILD --target bullmq_docs` writes the reference of the public headers to docs/html in this folder's
# build folder. A warning fails it.
find_program(BULLMQ_DOXYGEN doxygen)
if(BULLMQ_DOXYGEN)
  configure_file(Doxyfile.in ${CMAKE_CURRENT_BINARY_DIR}/Doxyfile @ONLY)
  add_custom_target(bullmq_docs
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/docs
    COMMAND ${BULLMQ_DOXYGEN} ${CMAKE_CURRENT_BINARY_DIR}/Doxyfile
    VERBATIM)
else()
  add_custom_target(bullmq_docs
    COMMAND ${CMAKE_COMMAND} -E echo "bullmq_docs needs doxygen (Debian: doxygen)"
    COMMAND ${CMAKE_COMMAND} -E false)
endif()
