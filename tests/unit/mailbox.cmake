# SPDX-License-Identifier: GPL-2.0-or-later
# src/ike without libcharon: what its threads share with ours. Also run under ThreadSanitizer (tests/presets/tsan.cmake).
foreach(part mailbox satrack datapath inner)
  mvpn_add_test(NAME ${part} LABEL unit SOURCES ${part}-test.c LINK mvpn-mailbox mvpn-core mvpn-base)
endforeach()
