# SPDX-License-Identifier: GPL-2.0-or-later
# Built with the tests, run by hand (tests/bench/lockdown).
add_executable(bench-lockdown lockdown.c ../unit/fw-cases.c)
target_include_directories(bench-lockdown PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(bench-lockdown PRIVATE mvpn-fw)
target_compile_options(bench-lockdown PRIVATE -UNDEBUG)
set_target_properties(bench-lockdown PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
