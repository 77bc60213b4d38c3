# SPDX-License-Identifier: GPL-2.0-or-later
pkg_check_modules(LIBSYSTEMD_TESTS REQUIRED IMPORTED_TARGET libsystemd)
mvpn_add_test(NAME prober LABEL adapter TIMEOUT 300 SOURCES prober-test.c LINK mvpn-sys PkgConfig::LIBSYSTEMD_TESTS)
target_compile_definitions(adapter-prober PRIVATE STUN_LIAR="${CMAKE_SOURCE_DIR}/tests/support/stun-liar")
set_tests_properties(adapter/prober PROPERTIES SKIP_RETURN_CODE 77)
