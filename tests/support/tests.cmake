# SPDX-License-Identifier: GPL-2.0-or-later
# mvpn_add_test(NAME name LABEL unit|sim|fuzz|adapter SOURCES file... [LINK library...] [ARGS arg...] [TIMEOUT seconds])
# One test program and its ctest entry. It links only what it names: the boundary of what it tests is its link line.
function(mvpn_add_test)
  cmake_parse_arguments(T "" "NAME;LABEL;TIMEOUT" "SOURCES;LINK;ARGS" ${ARGN})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 60)
  endif()
  set(target ${T_LABEL}-${T_NAME})
  add_executable(${target} ${T_SOURCES})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_link_libraries(${target} PRIVATE ${T_LINK})
  # assert() in the code under test must bite in tests, whatever the build type; and checks of checks are cheap here.
  target_compile_options(${target} PRIVATE -UNDEBUG)
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${T_LABEL}/${T_NAME} COMMAND ${target} ${T_ARGS})
  set_tests_properties(${T_LABEL}/${T_NAME} PROPERTIES LABELS ${T_LABEL} TIMEOUT ${T_TIMEOUT})
endfunction()
