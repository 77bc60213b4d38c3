# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_test(NAME record LABEL unit SOURCES record-test.c ../support/any-event.c LINK mvpn-record)
