# SPDX-License-Identifier: GPL-2.0-or-later
mvpn_add_fuzzer(NAME core-events SOURCES core-events-fuzz.c ../support/any-event.c LINK mvpn-test-core)
mvpn_add_fuzzer(NAME record SOURCES record-fuzz.c LINK mvpn-record)
# One input is hundreds of events: fewer mutations of each.
set_tests_properties(fuzz/core-events PROPERTIES ENVIRONMENT MVPN_FUZZ_MUTATIONS=30)
