# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_test(NAME store LABEL adapter SOURCES store-test.c LINK mvpn-store)
set_tests_properties(adapter/store PROPERTIES SKIP_RETURN_CODE 77)
