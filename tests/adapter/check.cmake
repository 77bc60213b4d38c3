# SPDX-License-Identifier: GPL-2.0-or-later
# mvpnctl check in a network and mount namespace of the test's own, where every fault can be made for real. Root only (else skipped).
add_test(NAME adapter/check COMMAND ${CMAKE_CURRENT_LIST_DIR}/check-test)
set_tests_properties(adapter/check PROPERTIES LABELS adapter TIMEOUT 240 SKIP_RETURN_CODE 77 ENVIRONMENT "MVPNCTL=$<TARGET_FILE:mvpnctl>")
