# SPDX-License-Identifier: GPL-2.0-or-later
# What people see, from the golden documents of the bus: no D-Bus and no terminal.
pkg_check_modules(JSONC REQUIRED IMPORTED_TARGET json-c)
mvpn_add_test(NAME ctl-view LABEL unit SOURCES ctl-view-test.c LINK mvpn-ctl-view PkgConfig::JSONC)
target_compile_definitions(unit-ctl-view PRIVATE GOLDEN_DIR="${CMAKE_CURRENT_LIST_DIR}/bus-golden")
