# Installs the bullmq library alone and uses it as others would: a program that never mentions Asio, built with
# find_package and with pkg-config, and the example programs, each a project of its own.
file(REMOVE_RECURSE ${WORK_DIR})
macro(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(result)
    message(FATAL_ERROR "${ARGN}\n${output}")
  endif()
endmacro()
function(expect_version_from PROGRAM)
  run(${PROGRAM})
  if(NOT output STREQUAL "compatible with BullMQ ${VERSION}\n")
    message(FATAL_ERROR "${PROGRAM} does not tell version ${VERSION}: ${output}")
  endif()
endfunction()
set(flags "")
if(SANITIZE)
  set(flags "-fsanitize=${SANITIZE}")
endif()
set(prefix ${WORK_DIR}/prefix)

run(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${prefix} --component bullmq)
file(GLOB_RECURSE foreign ${prefix}/include/shunt/* ${prefix}/bin/*)
if(foreign)
  message(FATAL_ERROR "the component bullmq installs more than bullmq: ${foreign}")
endif()
file(READ ${prefix}/share/doc/bullmq/BULLMQ-LICENSE license)
if(NOT license MATCHES "Permission is hereby granted")
  message(FATAL_ERROR "upstream's notice is not installed: ${license}")
endif()

run(${CMAKE_COMMAND} -S ${CONSUMER_DIR} -B ${WORK_DIR}/build -G Ninja -DCMAKE_PREFIX_PATH=${prefix}
    -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_FLAGS=${flags})
run(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
expect_version_from(${WORK_DIR}/build/consumer)

run(${CMAKE_COMMAND} -E env PKG_CONFIG_PATH=${prefix}/${LIBDIR}/pkgconfig pkg-config --cflags --libs bullmq)
separate_arguments(from_pkg_config UNIX_COMMAND "${output}")
run(${COMPILER} -std=c++20 ${flags} ${CONSUMER_DIR}/main.cpp ${from_pkg_config} -o ${WORK_DIR}/by_pkg_config)
expect_version_from(${WORK_DIR}/by_pkg_config)

run(${COMPILER} -std=c++20 -I${prefix}/include -M ${CONSUMER_DIR}/main.cpp)
if(output MATCHES "boost/asio")
  message(FATAL_ERROR "bullmq/blocking.hpp includes Boost.Asio:\n${output}")
endif()

# The producer is built by pkg-config, the others by find_package; they run in test_bullmq_examples.py.
set(bin ${WORK_DIR}/examples/bin)
file(MAKE_DIRECTORY ${bin})
run(${COMPILER} -std=c++20 ${flags} ${EXAMPLES_DIR}/bullmq_producer/bullmq_producer.cpp ${from_pkg_config}
    -o ${bin}/bullmq_producer)
foreach(example bullmq_worker bullmq_blocking)
  run(${CMAKE_COMMAND} -S ${EXAMPLES_DIR}/${example} -B ${WORK_DIR}/examples/${example} -G Ninja
      -DCMAKE_PREFIX_PATH=${prefix} -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_CXX_FLAGS=${flags}
      -DCMAKE_RUNTIME_OUTPUT_DIRECTORY=${bin})
  run(${CMAKE_COMMAND} --build ${WORK_DIR}/examples/${example})
endforeach()
run(${CMAKE_COMMAND} -E env BULLMQ_EXAMPLES_DIR=${bin} PYTHONDONTWRITEBYTECODE=1
    /usr/bin/python3 -m pytest -q -p no:cacheprovider ${CMAKE_CURRENT_LIST_DIR}/test_bullmq_examples.py)
