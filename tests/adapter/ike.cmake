# SPDX-License-Identifier: GPL-2.0-or-later
# src/ike against Debian's own charon in the lab, through its NATs. Root only (else skipped).
add_executable(ike-drive ike-drive.c)
target_link_libraries(ike-drive PRIVATE mvpn-ike mvpn-core mvpn-base)
set_target_properties(ike-drive PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)

# Each in a lab of its own, whose name carries the build directory.
string(MD5 ike_hash ${CMAKE_BINARY_DIR})
string(SUBSTRING ${ike_hash} 0 5 ike_hash)
foreach(part library connect reasons move renew token)
  add_test(NAME adapter/ike-${part} COMMAND ${CMAKE_CURRENT_LIST_DIR}/ike-${part}-test)
  set_tests_properties(adapter/ike-${part} PROPERTIES LABELS adapter TIMEOUT 300 SKIP_RETURN_CODE 77
    ENVIRONMENT "IKE_DRIVE=$<TARGET_FILE:ike-drive>;MVPN_LAB=i${ike_hash}-${part}")
endforeach()
