set(assay_warnings
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast
    -Wnon-virtual-dtor -Woverloaded-virtual -Wdouble-promotion)

# libstdc++ 12's own std::stable_sort calls a function that it declares deprecated; clang reports that as ours.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  list(APPEND assay_warnings -Wno-deprecated-declarations)
endif()

# Below -O3 GCC 12 sees accesses out of bounds in libstdc++'s own strings (its bug 105329). The engine keeps them all.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(assay_false_alarms -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread)
endif()

function(assay_target_options target)
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
  target_compile_options(${target} PRIVATE ${assay_warnings} $<$<BOOL:${ASSAY_WERROR}>:-Werror>)
  if(ASSAY_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${ASSAY_SANITIZE} -fno-omit-frame-pointer
                                             -fno-sanitize-recover=all)
    target_link_options(${target} PUBLIC -fsanitize=${ASSAY_SANITIZE})
  endif()
endfunction()

# assay_outer_layer(TARGET): a layer outside the engine. Its time goes into reading headers: those that most of its files
# include are compiled once, and -O2 is enough.
function(assay_outer_layer target)
  target_precompile_headers(${target} PRIVATE <fmt/format.h> <nlohmann/json.hpp> <tl/expected.hpp>
                                              <algorithm> <filesystem> <functional> <map> <optional> <string> <vector>)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O2> ${assay_false_alarms})
endfunction()

# assay_layer(NAME SOURCES ... [LAYERS ...] [LIBRARIES ...] [PRIVATE_LIBRARIES ...])
# One static library of one layer, with the house's warnings. Include root: the repository root.
function(assay_layer name)
  cmake_parse_arguments(arg "" "" "SOURCES;LAYERS;LIBRARIES;PRIVATE_LIBRARIES" ${ARGN})
  add_library(assay_${name} STATIC ${arg_SOURCES})
  assay_target_options(assay_${name})
  list(TRANSFORM arg_LAYERS PREPEND assay_)
  target_link_libraries(assay_${name} PUBLIC ${arg_LAYERS} ${arg_LIBRARIES}
                                      PRIVATE ${arg_PRIVATE_LIBRARIES})
  if(NOT name STREQUAL engine)
    assay_outer_layer(assay_${name})
  endif()
endfunction()

# The headers that every test includes, compiled once: they take longer to read than a test takes to compile.
function(assay_precompiled_test_headers)
  file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/test_headers.cpp "")
  add_library(assay_test_headers STATIC ${CMAKE_CURRENT_BINARY_DIR}/test_headers.cpp)
  assay_test_options(assay_test_headers)
  target_link_libraries(assay_test_headers PRIVATE GTest::gmock fmt::fmt)
  target_precompile_headers(assay_test_headers PRIVATE <gmock/gmock.h> <gtest/gtest.h> <nlohmann/json.hpp>)
endfunction()

# Tests are run once: optimising them costs more than it brings. What they test keeps its own options.
function(assay_test_options target)
  assay_target_options(${target})
  target_compile_options(${target} PRIVATE -O1 ${assay_false_alarms})
  target_compile_definitions(${target} PRIVATE ASSAY_TEST_ROOT="${PROJECT_SOURCE_DIR}/tests")
  if(TARGET assay)
    target_compile_definitions(${target} PRIVATE ASSAY_PROGRAM="$<TARGET_FILE:assay>")
  endif()
endfunction()

# assay_test(NAME SOURCES ... LIBRARIES ... [LABELS ...]): one test program, one ctest entry for each test in it.
function(assay_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  assay_test_options(${name})
  target_link_libraries(${name} PRIVATE ${arg_LIBRARIES} GTest::gmock GTest::gtest_main fmt::fmt)
  target_precompile_headers(${name} REUSE_FROM assay_test_headers)
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
    add_dependencies(unit_tests ${name})
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 PROPERTIES LABELS "${arg_LABELS}" TIMEOUT 300)
endfunction()
