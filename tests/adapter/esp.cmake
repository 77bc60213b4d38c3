# SPDX-License-Identifier: GPL-2.0-or-later
# src/esp beside an independent peer, strongSwan's libipsec, which is no part of mvpnd. No root, no network. Where a distribution has no
# libipsec, or the headers given lack its, there is no such test.
get_filename_component(strongswan_libraries ${STRONGSWAN_CHARON_LIBRARY} DIRECTORY)
find_library(STRONGSWAN_IPSEC_LIBRARY NAMES ipsec libipsec.so.0 PATHS ${strongswan_libraries} NO_DEFAULT_PATH)
find_path(STRONGSWAN_IPSEC_INCLUDE_DIR esp_packet.h
  PATHS ${STRONGSWAN_INCLUDE_DIR}/libipsec ${CMAKE_BINARY_DIR}/strongswan-headers/libipsec NO_DEFAULT_PATH)
if(STRONGSWAN_IPSEC_LIBRARY AND STRONGSWAN_IPSEC_INCLUDE_DIR)
  mvpn_add_test(NAME esp-libipsec LABEL adapter SOURCES esp-libipsec-test.c ../unit/esp-fixture.c
    LINK mvpn-esp mvpn-strongswan ${STRONGSWAN_IPSEC_LIBRARY})
  target_include_directories(adapter-esp-libipsec SYSTEM PRIVATE ${STRONGSWAN_IPSEC_INCLUDE_DIR})
  target_compile_options(adapter-esp-libipsec PRIVATE -Wno-write-strings)
  set_tests_properties(adapter/esp-libipsec PROPERTIES
    ENVIRONMENT "LSAN_OPTIONS=suppressions=${CMAKE_CURRENT_LIST_DIR}/esp-lsan.supp")
endif()

# The kernel's TCP and UDP through segmenter and coalescer; root only (else skipped).
find_package(Threads REQUIRED)
pkg_check_modules(LIBCRYPTO_TESTS REQUIRED IMPORTED_TARGET libcrypto)
mvpn_add_test(NAME esp-offload LABEL adapter SOURCES esp-offload-test.c ../support/ip-packet.c
  LINK mvpn-esp mvpn-base PkgConfig::LIBCRYPTO_TESTS Threads::Threads TIMEOUT 180)
set_tests_properties(adapter/esp-offload PROPERTIES SKIP_RETURN_CODE 77)
