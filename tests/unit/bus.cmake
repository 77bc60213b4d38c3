# SPDX-License-Identifier: GPL-2.0-or-later
# Only the pure half of src/bus: no D-Bus on the link line.
mvpn_add_test(NAME bus-status LABEL unit SOURCES bus-status-test.c bus-reports.c LINK mvpn-status)
target_compile_definitions(unit-bus-status PRIVATE GOLDEN_DIR="${CMAKE_CURRENT_LIST_DIR}/bus-golden")
mvpn_add_test(NAME bus-public LABEL unit SOURCES bus-public-test.c LINK mvpn-core)
target_compile_definitions(unit-bus-public PRIVATE CATALOG="${CMAKE_SOURCE_DIR}/conf/mvpnd.catalog")
