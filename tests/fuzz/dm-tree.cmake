# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_fuzzer(NAME dm-profile SOURCES dm-profile-fuzz.c LINK mvpn-dm-tree TIMEOUT 300)
mvpn_add_fuzzer(NAME dm-session SOURCES dm-session-fuzz.c LINK mvpn-dm-tree TIMEOUT 300)
