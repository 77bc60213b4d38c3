# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_fuzzer(NAME esp-open SOURCES esp-open-fuzz.c LINK mvpn-esp)
