# SPDX-License-Identifier: GPL-2.0-or-later
# Enrolment. mvpn-dm-enrol: engines (EST, SCEP, MDE2), keys, requests, certificates judged; pure, OpenSSL only. mvpn-dm-carry: HTTP and the disk.
pkg_check_modules(LIBCURL REQUIRED IMPORTED_TARGET libcurl>=7.85)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd>=246)
pkg_check_modules(JSONC REQUIRED IMPORTED_TARGET json-c)
add_library(mvpn-dm-enrol STATIC keys.c csr.c issued.c enrolled.c est.c scepmessage.c scepca.c scep.c soap.c provisioning.c mde2.c method.c schedule.c fields.c accounttext.c server.c)
target_link_libraries(mvpn-dm-enrol PUBLIC mvpn-dm-codec PkgConfig::OPENSSL_CRYPTO PkgConfig::LIBCURL)
add_library(mvpn-dm-carry STATIC disk.c account.c http.c enrol.c managed.c manage.c)
target_link_libraries(mvpn-dm-carry PUBLIC mvpn-dm-enrol mvpn-dm-tree PkgConfig::LIBCURL)
add_executable(mvpn-dm main.c service.c authorize.c jobs.c handover.c mvpnd.c log.c)
target_link_libraries(mvpn-dm PRIVATE mvpn-dm-carry mvpn-config PkgConfig::SYSTEMD PkgConfig::JSONC)
install(TARGETS mvpn-dm DESTINATION ${CMAKE_INSTALL_SBINDIR})
install(FILES mvpn-dm.8 DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
