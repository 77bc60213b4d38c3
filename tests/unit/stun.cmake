# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_test(NAME stun LABEL unit SOURCES stun-test.c LINK mvpn-stun)
