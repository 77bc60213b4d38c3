# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_fuzzer(NAME natcache SOURCES natcache-fuzz.c LINK mvpn-store)
