# SPDX-License-Identifier: GPL-2.0-or-later
foreach(test fw-render fw-policies)
  mvpn_add_test(NAME ${test} LABEL unit SOURCES ${test}-test.c fw-cases.c fw-golden.c LINK mvpn-fw-render)
  target_compile_definitions(unit-${test} PRIVATE FW_GOLDEN_DIR="${CMAKE_CURRENT_LIST_DIR}/fw-golden")
endforeach()
