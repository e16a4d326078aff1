# shunt_part(NAME SOURCES ... PUBLIC ... PRIVATE ...): a static library `shunt_<name>` with the alias
# `shunt::<name>`, whose public headers are in include/. The order of the parts is the architecture:
# a part may link only to parts that stand before it in SHUNT_PART_ORDER. bullmq is a project of its own and uses no
# other part; it has its place here so that those above it may link to bullmq::bullmq, and base may not.
set(SHUNT_PART_ORDER base http bullmq tracing generation executor flip webhooks api config site)

function(shunt_part NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  list(FIND SHUNT_PART_ORDER ${NAME} own_rank)
  if(own_rank EQUAL -1)
    message(FATAL_ERROR "part '${NAME}' is not in SHUNT_PART_ORDER (cmake/ShuntPart.cmake)")
  endif()
  foreach(dependency IN LISTS ARG_PUBLIC ARG_PRIVATE)
    if(dependency MATCHES "^(shunt|bullmq)::(.+)$")
      list(FIND SHUNT_PART_ORDER ${CMAKE_MATCH_2} rank)
      if(rank EQUAL -1 OR rank GREATER_EQUAL own_rank)
        message(FATAL_ERROR "part '${NAME}' may not depend on '${CMAKE_MATCH_2}': arrows point down only")
      endif()
    endif()
  endforeach()

  add_library(shunt_${NAME} STATIC ${ARG_SOURCES})
  add_library(shunt::${NAME} ALIAS shunt_${NAME})
  set_target_properties(shunt_${NAME} PROPERTIES EXPORT_NAME ${NAME})
  target_compile_features(shunt_${NAME} PUBLIC cxx_std_20)
  target_include_directories(shunt_${NAME}
    PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/src)
  target_link_libraries(shunt_${NAME} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE} $<BUILD_INTERFACE:shunt_warnings>)
  set_property(GLOBAL APPEND PROPERTY SHUNT_PARTS shunt_${NAME})
endfunction()
