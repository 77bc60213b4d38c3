# SPDX-License-Identifier: GPL-2.0-or-later
# src/sys with services of the test's own on a private bus.
pkg_check_modules(LIBSYSTEMD_TESTS REQUIRED IMPORTED_TARGET libsystemd)
foreach(part modem nm sleep dns)
  mvpn_add_test(NAME sys-${part} LABEL adapter TIMEOUT 300 SOURCES sys-${part}-test.c bus-lab.c LINK mvpn-sys PkgConfig::LIBSYSTEMD_TESTS)
  set_tests_properties(adapter/sys-${part} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
