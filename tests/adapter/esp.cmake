# SPDX-License-Identifier: GPL-2.0-or-later
# src/esp beside an independent peer. No root, no network.
find_file(STRONGSWAN_IPSEC_H ipsec.h PATHS ${CMAKE_BINARY_DIR}/strongswan-headers ${STRONGSWAN_INCLUDE_DIR} PATH_SUFFIXES libipsec NO_DEFAULT_PATH)
find_library(STRONGSWAN_IPSEC_LIBRARY NAMES ipsec libipsec.so.0
  PATHS /usr/lib/ipsec /usr/lib/strongswan /usr/lib64/strongswan PATH_SUFFIXES ipsec)
get_filename_component(libipsec_headers ${STRONGSWAN_IPSEC_H} DIRECTORY)
mvpn_add_test(NAME esp-libipsec LABEL adapter SOURCES esp-libipsec-test.c ../unit/esp-fixture.c
  LINK mvpn-esp ${STRONGSWAN_IPSEC_LIBRARY} mvpn-strongswan)
target_include_directories(adapter-esp-libipsec SYSTEM PRIVATE ${libipsec_headers})
target_compile_options(adapter-esp-libipsec PRIVATE -Wno-write-strings)

# The kernel's TCP and UDP through segmenter and coalescer; root only (else skipped).
find_package(Threads REQUIRED)
pkg_check_modules(LIBCRYPTO_TESTS REQUIRED IMPORTED_TARGET libcrypto)
mvpn_add_test(NAME esp-offload LABEL adapter SOURCES esp-offload-test.c ../support/ip-packet.c
  LINK mvpn-esp mvpn-base PkgConfig::LIBCRYPTO_TESTS Threads::Threads TIMEOUT 180)
set_tests_properties(adapter/esp-offload PROPERTIES SKIP_RETURN_CODE 77)
