# SPDX-License-Identifier: GPL-2.0-or-later
# src/esp beside an independent peer. No root, no network.
mvpn_add_test(NAME esp-libipsec LABEL adapter SOURCES esp-libipsec-test.c ../unit/esp-fixture.c LINK mvpn-esp mvpn-strongswan)
target_compile_options(adapter-esp-libipsec PRIVATE -Wno-write-strings)
