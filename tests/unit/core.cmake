# SPDX-License-Identifier: GPL-2.0-or-later
# The core on a paper world: support/mirror carries its actions out and checks the invariants at every step.
add_library(mvpn-test-core STATIC ../support/mirror.c ../support/invariants.c ../support/core-fixture.c)
target_include_directories(mvpn-test-core PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(mvpn-test-core PUBLIC mvpn-core)

foreach(part table modules attempt retry session demand dns neighbour lockdown nat64 links natprobe probing offload trial due)
  mvpn_add_test(NAME core-${part} LABEL unit SOURCES core-${part}-test.c LINK mvpn-test-core)
endforeach()
