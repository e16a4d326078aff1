# Where upstream's Lua scripts come from, and the C++ that is made of them while configuring. Sets, for the caller:
#   BULLMQ_GENERATED_DIR   holds bullmq_scripts.hpp and bullmq_scripts.cpp
#   BULLMQ_COMMANDS_DIR    the folder of Lua that they were made of
#   BULLMQ_LICENSE_FILE    upstream's notice, which every copy of the scripts must carry
#   BULLMQ_UPSTREAM_VERSION
# A release tarball has them with it (packaging/release_tarball.sh), so that npm is not asked.
set(bullmq_carried ${CMAKE_CURRENT_SOURCE_DIR}/upstream/carried)
set(BULLMQ_SCRIPTS_DIR "" CACHE PATH
  "Folder of BullMQ's Lua commands to embed; empty: those that a release carries, else fetch the pinned npm package")
set(BULLMQ_SCRIPTS_VERSION "" CACHE STRING "Version of BULLMQ_SCRIPTS_DIR; empty: from the package.json above it")
set(BULLMQ_SCRIPTS_LICENSE "" CACHE FILEPATH "LICENSE of BULLMQ_SCRIPTS_DIR; empty: the one beside that package.json")
set(BULLMQ_GENERATED_DIR ${CMAKE_CURRENT_BINARY_DIR}/generated)
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)

# npm checks the package against the hash in package-lock.json. Runs again only when the pin changes.
function(bullmq_fetch_package FOLDER)
  set(pin "")
  file(MAKE_DIRECTORY ${FOLDER})
  foreach(name package.json package-lock.json .npmrc)
    set(file ${CMAKE_CURRENT_SOURCE_DIR}/upstream/${name})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(SHA256 ${file} hash)
    string(APPEND pin "${hash} ${name}\n")
    configure_file(${file} ${FOLDER}/${name} COPYONLY)
  endforeach()
  set(stamp ${FOLDER}/node_modules/.fetched)
  if(EXISTS ${stamp})
    file(READ ${stamp} fetched)
    if(fetched STREQUAL pin)
      return()
    endif()
  endif()

  set(otherwise "build from a release that carries them, or give a folder that has them: \
-DBULLMQ_SCRIPTS_DIR=.../bullmq/dist/cjs/commands")
  find_program(BULLMQ_NPM npm)
  if(NOT BULLMQ_NPM)
    message(FATAL_ERROR "npm is not installed. It fetches BullMQ's Lua scripts, pinned in bullmq/upstream/. Install npm, "
      "${otherwise}")
  endif()
  message(STATUS "Fetching BullMQ's scripts with npm")
  execute_process(COMMAND ${BULLMQ_NPM} ci --ignore-scripts --omit=dev --omit=optional --omit=peer --no-audit --no-fund
    WORKING_DIRECTORY ${FOLDER} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(result)
    message(FATAL_ERROR "npm ci in ${FOLDER} failed (${result}):\n${output}\nWithout a package registry, ${otherwise}")
  endif()
  file(WRITE ${stamp} "${pin}")
endfunction()

# The folder at or above FOLDER that has a package.json, or nothing.
function(bullmq_find_package_root FOLDER RESULT)
  cmake_path(GET FOLDER ROOT_PATH top)
  while(NOT EXISTS ${FOLDER}/package.json AND NOT FOLDER STREQUAL top)
    cmake_path(GET FOLDER PARENT_PATH FOLDER)
  endwhile()
  if(NOT EXISTS ${FOLDER}/package.json)
    set(FOLDER "")
  endif()
  set(${RESULT} ${FOLDER} PARENT_SCOPE)
endfunction()

if(BULLMQ_SCRIPTS_DIR)
  cmake_path(ABSOLUTE_PATH BULLMQ_SCRIPTS_DIR BASE_DIRECTORY ${CMAKE_SOURCE_DIR} NORMALIZE
    OUTPUT_VARIABLE BULLMQ_COMMANDS_DIR)
  string(REGEX REPLACE "(.)/$" "\\1" BULLMQ_COMMANDS_DIR ${BULLMQ_COMMANDS_DIR})
  if(NOT IS_DIRECTORY ${BULLMQ_COMMANDS_DIR})
    message(FATAL_ERROR "BULLMQ_SCRIPTS_DIR: ${BULLMQ_COMMANDS_DIR} is not a folder")
  endif()
  bullmq_find_package_root(${BULLMQ_COMMANDS_DIR} package_root)
elseif(EXISTS ${bullmq_carried}/package.json)
  set(package_root ${bullmq_carried})
  set(BULLMQ_COMMANDS_DIR ${package_root}/dist/cjs/commands)
else()
  set(package_root ${CMAKE_CURRENT_BINARY_DIR}/upstream/node_modules/bullmq)
  set(BULLMQ_COMMANDS_DIR ${package_root}/dist/cjs/commands)
  bullmq_fetch_package(${CMAKE_CURRENT_BINARY_DIR}/upstream)
endif()

set(BULLMQ_UPSTREAM_VERSION "")
set(BULLMQ_LICENSE_FILE ${package_root}/LICENSE)
if(package_root)
  file(READ ${package_root}/package.json package_json)
  string(JSON BULLMQ_UPSTREAM_VERSION ERROR_VARIABLE no_version GET "${package_json}" version)
endif()
if(BULLMQ_SCRIPTS_DIR AND BULLMQ_SCRIPTS_VERSION)
  set(BULLMQ_UPSTREAM_VERSION ${BULLMQ_SCRIPTS_VERSION})
endif()
if(BULLMQ_SCRIPTS_DIR AND BULLMQ_SCRIPTS_LICENSE)
  set(BULLMQ_LICENSE_FILE ${BULLMQ_SCRIPTS_LICENSE})
endif()
if(NOT BULLMQ_UPSTREAM_VERSION MATCHES "^[0-9]+\\.[0-9]+\\.[0-9]+")
  message(FATAL_ERROR "The version of the scripts in ${BULLMQ_COMMANDS_DIR} is unknown: no package.json at or above "
    "that folder tells it. Give it: -DBULLMQ_SCRIPTS_VERSION=6.7.0")
endif()
if(NOT EXISTS ${BULLMQ_LICENSE_FILE})
  message(FATAL_ERROR "The scripts in ${BULLMQ_COMMANDS_DIR} come without their LICENSE, and a library that contains "
    "them must carry it. Give it: -DBULLMQ_SCRIPTS_LICENSE=FILE")
endif()

# While configuring, not while building: static analysis needs the header, and nothing else has to know the order.
file(GLOB_RECURSE lua ${BULLMQ_COMMANDS_DIR}/*.lua)
file(GLOB own_lua CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/lua/*.lua)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${BULLMQ_COMMANDS_DIR} ${lua} ${own_lua} ${CMAKE_CURRENT_SOURCE_DIR}/upstream/embed_scripts.py)
execute_process(
  COMMAND ${Python3_EXECUTABLE} -B ${CMAKE_CURRENT_SOURCE_DIR}/upstream/embed_scripts.py
          ${BULLMQ_COMMANDS_DIR} --output ${BULLMQ_GENERATED_DIR} --version ${BULLMQ_UPSTREAM_VERSION}
          --ours ${CMAKE_CURRENT_SOURCE_DIR}/lua
  RESULT_VARIABLE result ERROR_VARIABLE output)
if(result)
  message(FATAL_ERROR "BullMQ's scripts cannot be embedded:\n${output}")
endif()
