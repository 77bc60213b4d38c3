# SPDX-License-Identifier: GPL-2.0-or-later
# mvpnctl check in namespaces of the test's own, where every fault can be made for real; and beside a daemon on a bus. Root only (else skipped).
foreach(test check check-daemon)
  add_test(NAME adapter/${test} COMMAND ${CMAKE_CURRENT_LIST_DIR}/${test}-test)
  set_tests_properties(adapter/${test} PROPERTIES LABELS adapter TIMEOUT 240 SKIP_RETURN_CODE 77
    ENVIRONMENT "BUS_SERVICE=$<TARGET_FILE:bus-service>;MVPNCTL=$<TARGET_FILE:mvpnctl>")
endforeach()
