# SPDX-License-Identifier: GPL-2.0-or-later
pkg_check_modules(LIBNFTABLES_TESTS REQUIRED IMPORTED_TARGET libnftables)
mvpn_add_test(NAME fw LABEL adapter SOURCES fw-test.c ../unit/fw-cases.c LINK mvpn-fw PkgConfig::LIBNFTABLES_TESTS)
set_tests_properties(adapter/fw PROPERTIES SKIP_RETURN_CODE 77)
