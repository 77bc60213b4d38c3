# SPDX-License-Identifier: GPL-2.0-or-later
# Without mvpn-store-files: the disk is store-disk.c.
mvpn_add_test(NAME store LABEL unit SOURCES store-test.c store-disk.c LINK $<TARGET_FILE:mvpn-store> mvpn-base)
add_dependencies(unit-store mvpn-store)
mvpn_add_test(NAME natcache LABEL unit SOURCES natcache-test.c store-disk.c LINK $<TARGET_FILE:mvpn-store> mvpn-base)
add_dependencies(unit-natcache mvpn-store)
mvpn_add_test(NAME policy-store LABEL unit SOURCES policy-store-test.c store-disk.c LINK $<TARGET_FILE:mvpn-store> mvpn-base)
add_dependencies(unit-policy-store mvpn-store)
