# SPDX-License-Identifier: GPL-2.0-or-later
# Built with the tests, run by hand: build/tests/bench-esp-packets [MILLISECONDS-A-ROW]
add_executable(bench-esp-packets esp-packets.c)
target_link_libraries(bench-esp-packets PRIVATE mvpn-esp mvpn-base)
set_target_properties(bench-esp-packets PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
