# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_test(NAME dm-xml LABEL unit SOURCES dm-xml-test.c dm-fixture.c LINK mvpn-dm-codec)
mvpn_add_test(NAME dm-hostile LABEL unit SOURCES dm-hostile-test.c dm-fixture.c LINK mvpn-dm-codec)
mvpn_add_test(NAME dm-wbxml LABEL unit SOURCES dm-wbxml-test.c dm-fixture.c LINK mvpn-dm-codec)
mvpn_add_test(NAME dm-memory LABEL unit SOURCES dm-memory-test.c LINK mvpn-dm-codec)
set_tests_properties(unit/dm-memory PROPERTIES SKIP_RETURN_CODE 77)
mvpn_add_test(NAME dm-digest LABEL unit SOURCES dm-digest-test.c LINK mvpn-dm-codec)
mvpn_add_test(NAME dm-notify LABEL unit SOURCES dm-notify-test.c LINK mvpn-dm-codec)
