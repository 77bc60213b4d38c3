# SPDX-License-Identifier: GPL-2.0-or-later
# OMA DM's codec beside a foreign one. Needs no root.
add_executable(dm-convert dm-convert.c)
target_link_libraries(dm-convert PRIVATE mvpn-dm-codec)
set_target_properties(dm-convert PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
add_test(NAME adapter/dm-wbxml-oracle COMMAND ${CMAKE_CURRENT_LIST_DIR}/dm-wbxml-oracle-test)
set_tests_properties(adapter/dm-wbxml-oracle PROPERTIES LABELS adapter TIMEOUT 240 SKIP_RETURN_CODE 77
  ENVIRONMENT "DM_CONVERT=$<TARGET_FILE:dm-convert>")
