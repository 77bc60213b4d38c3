# SPDX-License-Identifier: GPL-2.0-or-later
foreach(part links apply guard neighbour storm xfrm)
  mvpn_add_test(NAME net-${part} LABEL adapter SOURCES net-${part}-test.c net-lab.c LINK mvpn-net mvpn-core mvpn-base TIMEOUT 300)
  set_tests_properties(adapter/net-${part} PROPERTIES SKIP_RETURN_CODE 77)
endforeach()
