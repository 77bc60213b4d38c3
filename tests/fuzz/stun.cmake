# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_fuzzer(NAME stun SOURCES stun-fuzz.c LINK mvpn-stun)
