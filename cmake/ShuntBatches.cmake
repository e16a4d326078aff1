# A build compiles several source files of a target as one: most of what a file costs is the headers of the standard
# library and Asio, and what is made of their templates (docs/decisions/0022-batches.md). The builds of ./run, ./test and
# ./test --asan do so. The others compile each file alone, so one that includes too little of what it uses does not go
# unnoticed. What is given with -D stays in a build folder: -DSHUNT_BATCHES=OFF is for who changes one file all day.
set(SHUNT_BATCHES_BY_DEFAULT OFF)
if(PROJECT_IS_TOP_LEVEL AND CMAKE_BUILD_TYPE STREQUAL "Release")
  set(SHUNT_BATCHES_BY_DEFAULT ON)
endif()
option(SHUNT_BATCHES "Compile several source files of a target at once" ${SHUNT_BATCHES_BY_DEFAULT})
set(SHUNT_BATCH_COST 1200 CACHE STRING "What a batch may cost, in lines of plain code")

# shunt_make_batches(FOLDER): compiles the targets of FOLDER and of the folders below it in batches. To be called when all
# targets have all of their sources.
function(shunt_make_batches FOLDER)
  get_property(targets DIRECTORY ${FOLDER} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    if(type MATCHES "^(EXECUTABLE|STATIC_LIBRARY|OBJECT_LIBRARY)$")
      shunt_make_batches_of(${target})
    endif()
  endforeach()
  get_property(folders DIRECTORY ${FOLDER} PROPERTY SUBDIRECTORIES)
  foreach(folder IN LISTS folders)
    shunt_make_batches(${folder})
  endforeach()
endfunction()

function(shunt_make_batches_of TARGET)
  get_target_property(sources ${TARGET} SOURCES)
  get_target_property(folder ${TARGET} SOURCE_DIR)
  list(FILTER sources INCLUDE REGEX "\\.cpp$")
  set(files)
  foreach(source IN LISTS sources)
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${folder})
    # Those that are made while configuring compile alone.
    cmake_path(IS_PREFIX PROJECT_BINARY_DIR ${source} is_generated)
    if(NOT is_generated)
      list(APPEND files ${source})
    endif()
  endforeach()
  list(LENGTH files count)
  if(count LESS 2)
    return()
  endif()
  execute_process(
    COMMAND /usr/bin/python3 -B ${PROJECT_SOURCE_DIR}/cmake/batches.py ${SHUNT_BATCH_COST} ${files}
    OUTPUT_VARIABLE numbers COMMAND_ERROR_IS_FATAL ANY)
  foreach(file number IN ZIP_LISTS files numbers)
    set(with_same_number ${numbers})
    list(FILTER with_same_number INCLUDE REGEX "^${number}$")
    list(LENGTH with_same_number size)
    if(size EQUAL 1)
      # A compiler cache knows it from builds without batches.
      set(properties SKIP_UNITY_BUILD_INCLUSION ON)
    else()
      set(properties UNITY_GROUP ${number})
    endif()
    set_source_files_properties(${file} TARGET_DIRECTORY ${TARGET} PROPERTIES ${properties})
  endforeach()
  set_target_properties(${TARGET} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # It takes what a batch includes for a header, where a type with a member of an unnamed namespace would be a mistake.
    set_target_properties(${TARGET} PROPERTIES
      UNITY_BUILD_CODE_BEFORE_INCLUDE "#pragma GCC diagnostic ignored \"-Wsubobject-linkage\"")
  endif()
endfunction()
