# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_fuzzer(NAME esp-inner SOURCES esp-inner-fuzz.c ../support/ip-packet.c LINK mvpn-esp mvpn-base)
mvpn_add_fuzzer(NAME esp-segment SOURCES esp-segment-fuzz.c ../support/ip-packet.c LINK mvpn-esp mvpn-base)
mvpn_add_fuzzer(NAME esp-coalesce SOURCES esp-coalesce-fuzz.c ../support/esp-inverse.c ../support/ip-packet.c
  LINK mvpn-esp mvpn-base)
