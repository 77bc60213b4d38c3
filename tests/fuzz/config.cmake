# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_fuzzer(NAME config SOURCES config-fuzz.c LINK mvpn-config)
mvpn_add_fuzzer(NAME certificates SOURCES certificates-fuzz.c LINK mvpn-config)
