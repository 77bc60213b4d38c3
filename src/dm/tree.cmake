# SPDX-License-Identifier: GPL-2.0-or-later
# mvpn-dm-tree: the management tree with its objects, transactions and sessions. Pure: it reads and writes memory.
add_library(mvpn-dm-tree STATIC
  uri.c tree.c acl.c origin.c grow.c values.c verbs.c get.c tnds.c
  objects.c objects_device.c objects_account.c objects_certificates.c objects_vpn.c objects_mobilevpn.c
  treefile.c storecert.c cryptosuite.c profile.c policytext.c transaction.c largeobject.c outbox.c prove.c respond.c session.c)
target_link_libraries(mvpn-dm-tree PUBLIC mvpn-dm-codec mvpn-config PRIVATE PkgConfig::OPENSSL_CRYPTO)
install(FILES mvpn-management.7 DESTINATION ${CMAKE_INSTALL_MANDIR}/man7)
