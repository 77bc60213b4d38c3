# SPDX-License-Identifier: GPL-2.0-or-later
pkg_check_modules(LIBNL REQUIRED IMPORTED_TARGET libnl-3.0 libnl-genl-3.0)
mvpn_add_test(NAME wowlan LABEL unit SOURCES wowlan-test.c LINK mvpn-net mvpn-base PkgConfig::LIBNL)
