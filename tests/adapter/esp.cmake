# SPDX-License-Identifier: GPL-2.0-or-later
# src/esp beside an independent peer. No root, no network.
mvpn_add_test(NAME esp-libipsec LABEL adapter SOURCES esp-libipsec-test.c ../unit/esp-fixture.c LINK mvpn-esp mvpn-strongswan)
target_compile_options(adapter-esp-libipsec PRIVATE -Wno-write-strings)

# The kernel's TCP and UDP through segmenter and coalescer; root only (else skipped).
find_package(Threads REQUIRED)
pkg_check_modules(LIBCRYPTO_TESTS REQUIRED IMPORTED_TARGET libcrypto)
mvpn_add_test(NAME esp-offload LABEL adapter SOURCES esp-offload-test.c ../support/ip-packet.c
  LINK mvpn-esp mvpn-base PkgConfig::LIBCRYPTO_TESTS Threads::Threads TIMEOUT 180)
set_tests_properties(adapter/esp-offload PROPERTIES SKIP_RETURN_CODE 77)
