# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_test(NAME dm-xml LABEL unit SOURCES dm-xml-test.c dm-fixture.c LINK mvpn-dm-codec)
