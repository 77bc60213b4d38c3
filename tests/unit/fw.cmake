# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_test(NAME fw-render LABEL unit SOURCES fw-render-test.c fw-cases.c LINK mvpn-fw-render)
target_compile_definitions(unit-fw-render PRIVATE FW_GOLDEN_DIR="${CMAKE_CURRENT_LIST_DIR}/fw-golden")
