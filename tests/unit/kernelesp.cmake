# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_test(NAME kernelesp LABEL unit SOURCES kernelesp-test.c LINK mvpn-core)
mvpn_add_test(NAME gauge LABEL unit SOURCES gauge-test.c LINK mvpn-core)
