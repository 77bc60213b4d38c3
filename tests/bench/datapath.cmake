# SPDX-License-Identifier: GPL-2.0-or-later
# Built with the tests, run by hand (tests/bench/throughput, rekeys, migrations, moving, keepalive).
find_package(Threads REQUIRED)
foreach(program load relay delay flow bare-timer)
  add_executable(bench-${program} ${program}.c)
  target_link_libraries(bench-${program} PRIVATE Threads::Threads)
  set_target_properties(bench-${program} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endforeach()
add_executable(bench-esp-peer esp-peer.c)
target_link_libraries(bench-esp-peer PRIVATE mvpn-mailbox)
set_target_properties(bench-esp-peer PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
