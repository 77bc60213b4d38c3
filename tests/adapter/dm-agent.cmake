# SPDX-License-Identifier: GPL-2.0-or-later
# mvpnctl against an org.mvpn1.Management that the test answers for; the real mvpn-dm against servers that misbehave, on loopback.
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd>=246)
add_executable(dm-management dm-management.c)
target_link_libraries(dm-management PRIVATE PkgConfig::SYSTEMD)
set_target_properties(dm-management PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
add_test(NAME adapter/dm-ctl COMMAND ${CMAKE_CURRENT_LIST_DIR}/dm-ctl-test)
add_test(NAME adapter/dm-agent COMMAND ${CMAKE_CURRENT_LIST_DIR}/dm-agent-test Hostile Ends Trust)
add_test(NAME adapter/dm-agent-slow COMMAND ${CMAKE_CURRENT_LIST_DIR}/dm-agent-test Slow)   # two minutes of waiting, no work
set_tests_properties(adapter/dm-ctl adapter/dm-agent adapter/dm-agent-slow PROPERTIES LABELS adapter TIMEOUT 600 SKIP_RETURN_CODE 77
  ENVIRONMENT "BUS_SERVICE=$<TARGET_FILE:bus-service>;MVPNCTL=$<TARGET_FILE:mvpnctl>;MVPN_DM=$<TARGET_FILE:mvpn-dm>;DM_MANAGEMENT=$<TARGET_FILE:dm-management>")
