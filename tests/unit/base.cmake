# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_test(NAME base LABEL unit SOURCES base-test.c LINK mvpn-base)
