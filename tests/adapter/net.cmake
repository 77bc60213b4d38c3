# SPDX-License-Identifier: GPL-2.0-or-later
set(net_stray_more ../support/ip-packet.c)
foreach(part links apply stray guard neighbour storm xfrm)
  mvpn_add_test(NAME net-${part} LABEL adapter SOURCES net-${part}-test.c net-lab.c ${net_${part}_more} LINK mvpn-net mvpn-core mvpn-base TIMEOUT 300)
  set_tests_properties(adapter/net-${part} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
