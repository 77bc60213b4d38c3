# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_test(NAME names LABEL unit SOURCES names-test.c LINK mvpn-core)
