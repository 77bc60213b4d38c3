# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_fuzzer(NAME dm-xml SOURCES dm-xml-fuzz.c dm-codec.c LINK mvpn-dm-codec)
mvpn_add_fuzzer(NAME dm-wbxml SOURCES dm-wbxml-fuzz.c dm-codec.c LINK mvpn-dm-codec)
mvpn_add_fuzzer(NAME dm-notify SOURCES dm-notify-fuzz.c dm-codec.c LINK mvpn-dm-codec)
