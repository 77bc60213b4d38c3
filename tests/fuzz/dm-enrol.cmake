# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_fuzzer(NAME dm-est SOURCES dm-est-fuzz.c LINK mvpn-dm-enrol)
mvpn_add_fuzzer(NAME dm-provisioning SOURCES dm-provisioning-fuzz.c LINK mvpn-dm-enrol)
mvpn_add_fuzzer(NAME dm-soap SOURCES dm-soap-fuzz.c LINK mvpn-dm-enrol)
mvpn_add_fuzzer(NAME dm-scep SOURCES dm-scep-fuzz.c LINK mvpn-dm-enrol)
