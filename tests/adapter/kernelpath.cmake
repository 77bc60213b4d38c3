# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_test(NAME kernelpath LABEL adapter SOURCES kernelpath-test.c net-lab.c LINK mvpn-mailbox mvpn-net mvpn-core mvpn-base TIMEOUT 300)
set_tests_properties(adapter/kernelpath PROPERTIES SKIP_RETURN_CODE 77)
