# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_test(NAME dm-session LABEL unit SOURCES dm-session-test.c dm-conversation.c LINK mvpn-dm-tree)
mvpn_add_test(NAME dm-ddf LABEL unit SOURCES dm-ddf-test.c LINK mvpn-dm-tree)
target_compile_definitions(unit-dm-ddf PRIVATE DDF_DIR="${CMAKE_SOURCE_DIR}/conf/ddf"
  MANUAL="${CMAKE_SOURCE_DIR}/src/dm/mvpn-management.7")
mvpn_add_test(NAME dm-random LABEL unit SOURCES dm-random-test.c LINK mvpn-dm-tree)
mvpn_add_test(NAME dm-tree LABEL unit SOURCES dm-tree-test.c LINK mvpn-dm-tree)
mvpn_add_test(NAME dm-vpn LABEL unit SOURCES dm-vpn-test.c LINK mvpn-dm-tree)
add_test(NAME unit/dm-conformance COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/dm-conformance ${CMAKE_SOURCE_DIR})
set_tests_properties(unit/dm-conformance PROPERTIES LABELS unit)
