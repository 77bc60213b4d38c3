# SPDX-License-Identifier: GPL-2.0-or-later
pkg_check_modules(OPENSSL_CRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3.0)
mvpn_add_test(NAME dm-enrol LABEL unit SOURCES dm-enrol-test.c LINK mvpn-dm-carry PkgConfig::OPENSSL_CRYPTO)
mvpn_add_test(NAME dm-store LABEL unit SOURCES dm-store-test.c LINK mvpn-dm-carry)
foreach(step disk_make_dir disk_write disk_link disk_symlink disk_rename disk_remove disk_sync_dir disk_remove_tree)
  target_link_options(unit-dm-store PRIVATE LINKER:--wrap=${step})
endforeach()
mvpn_add_test(NAME dm-schedule LABEL unit SOURCES dm-schedule-test.c LINK mvpn-dm-enrol)
mvpn_add_test(NAME dm-mde2 LABEL unit SOURCES dm-mde2-test.c LINK mvpn-dm-enrol)
