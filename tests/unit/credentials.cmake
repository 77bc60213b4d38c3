# SPDX-License-Identifier: GPL-2.0-or-later
pkg_check_modules(OPENSSL_CRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3.0)
mvpn_add_test(NAME credentials LABEL unit SOURCES credentials-test.c LINK mvpn-config PkgConfig::OPENSSL_CRYPTO)
