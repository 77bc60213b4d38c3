# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_test(NAME resolver-files LABEL unit SOURCES resolver-files-test.c LINK mvpn-sys-files)
mvpn_add_test(NAME resolvfile LABEL unit SOURCES resolvfile-test.c LINK mvpn-sys-files)
