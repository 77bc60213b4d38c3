# SPDX-License-Identifier: GPL-2.0-or-later
# The rooms of src/esp that know packets and no keys.
foreach(part inner checksum segment coalesce toobig readdress outer)
  mvpn_add_test(NAME esp-${part} LABEL unit SOURCES esp-${part}-test.c ../support/ip-packet.c LINK mvpn-esp mvpn-base)
endforeach()
mvpn_add_test(NAME esp-inverse LABEL unit SOURCES esp-inverse-test.c ../support/esp-inverse.c ../support/ip-packet.c
  LINK mvpn-esp mvpn-base)

# What processors without AVX2 do, handsets' among them.
mvpn_add_test(NAME esp-checksum-portable LABEL unit SOURCES esp-checksum-test.c ${CMAKE_SOURCE_DIR}/src/esp/checksum.c
  ../support/ip-packet.c LINK mvpn-base)
target_compile_definitions(unit-esp-checksum-portable PRIVATE CHECKSUM_PORTABLE)
