# assay_embed(TARGET [ROOT DIRECTORY] [FUNCTION NAME] FILE...): a library that holds files below a directory (this folder) as
# assay::NAME() (embedded_files).
function(assay_embed target)
  cmake_parse_arguments(arg "" "ROOT;FUNCTION" "" ${ARGN})
  if(NOT arg_ROOT)
    set(arg_ROOT ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  if(NOT arg_FUNCTION)
    set(arg_FUNCTION embedded_files)
  endif()
  set(files ${arg_UNPARSED_ARGUMENTS})
  set(output ${CMAKE_CURRENT_BINARY_DIR}/${arg_FUNCTION}.cpp)
  list(TRANSFORM files PREPEND ${arg_ROOT}/ OUTPUT_VARIABLE paths)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -D ROOT=${arg_ROOT} -D "FILES=${files}" -D FUNCTION=${arg_FUNCTION} -D OUTPUT=${output}
            -P ${PROJECT_SOURCE_DIR}/cmake/write_embedded.cmake
    DEPENDS ${paths} ${PROJECT_SOURCE_DIR}/cmake/write_embedded.cmake
    VERBATIM)
  add_library(${target} STATIC ${output})
  target_include_directories(${target} PUBLIC ${PROJECT_SOURCE_DIR})
endfunction()
