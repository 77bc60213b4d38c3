# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_fuzzer(NAME dm-est SOURCES dm-est-fuzz.c LINK mvpn-dm-enrol)
