# SPDX-License-Identifier: GPL-2.0-or-later
# src/esp on bytes in memory.
add_library(mvpn-test-esp STATIC esp-fixture.c)
target_include_directories(mvpn-test-esp PUBLIC ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(mvpn-test-esp PUBLIC mvpn-esp)

foreach(part sa replay sad vectors rekey engine secret)
  mvpn_add_test(NAME esp-${part} LABEL unit SOURCES esp-${part}-test.c LINK mvpn-test-esp)
endforeach()
set_tests_properties(unit/esp-engine PROPERTIES SKIP_RETURN_CODE 77)
# OpenSSL's own HMAC, to compare.
pkg_check_modules(LIBCRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3.0)
target_link_libraries(unit-esp-vectors PRIVATE PkgConfig::LIBCRYPTO)
