# SPDX-License-Identifier: GPL-2.0-or-later
pkg_check_modules(LIBNFTABLES_TESTS REQUIRED IMPORTED_TARGET libnftables)
mvpn_add_test(NAME fw LABEL adapter SOURCES fw-test.c ../unit/fw-cases.c LINK mvpn-fw PkgConfig::LIBNFTABLES_TESTS)
mvpn_add_test(NAME fw-monitor LABEL adapter SOURCES fw-monitor-test.c ../unit/fw-cases.c LINK mvpn-fw)
set_tests_properties(adapter/fw adapter/fw-monitor PROPERTIES SKIP_RETURN_CODE 77)

add_executable(fw-tool fw-tool.c ../unit/fw-cases.c)
target_include_directories(fw-tool PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(fw-tool PRIVATE mvpn-fw)
target_compile_options(fw-tool PRIVATE -UNDEBUG)
set_target_properties(fw-tool PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
add_test(NAME adapter/fw-packets COMMAND ${CMAKE_CURRENT_LIST_DIR}/fw-packets $<TARGET_FILE:fw-tool>)
set_tests_properties(adapter/fw-packets PROPERTIES LABELS adapter TIMEOUT 180 SKIP_RETURN_CODE 77)
