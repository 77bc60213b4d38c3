# SPDX-License-Identifier: GPL-2.0-or-later
pkg_check_modules(LIBSYSTEMD_TESTS REQUIRED IMPORTED_TARGET libsystemd)
mvpn_add_test(NAME resolver LABEL adapter TIMEOUT 120 SOURCES resolver-test.c resolver-dns.c ../unit/fw-cases.c
  LINK mvpn-sys mvpn-fw PkgConfig::LIBSYSTEMD_TESTS)
set_tests_properties(adapter/resolver PROPERTIES SKIP_RETURN_CODE 77)
mvpn_add_test(NAME resolver-bus LABEL adapter SOURCES resolver-bus-test.c LINK mvpn-sys PkgConfig::LIBSYSTEMD_TESTS)
set_tests_properties(adapter/resolver-bus PROPERTIES SKIP_RETURN_CODE 77)
