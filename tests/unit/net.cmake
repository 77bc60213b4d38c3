# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_test(NAME networkid LABEL unit SOURCES networkid-test.c LINK mvpn-net-names)
