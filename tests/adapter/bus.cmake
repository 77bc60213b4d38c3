# SPDX-License-Identifier: GPL-2.0-or-later
# src/bus and mvpnctl on a dbus-daemon of the test's own, with the policy that is installed; polkit by a polkitd of its own.
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd>=246)
add_executable(bus-service bus-service.c)
target_link_libraries(bus-service PRIVATE mvpn-bus PkgConfig::SYSTEMD)
set_target_properties(bus-service PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
foreach(test bus bus-polkit bus-ctl bus-watch)
  add_test(NAME adapter/${test} COMMAND ${CMAKE_CURRENT_LIST_DIR}/${test}-test)
  set_tests_properties(adapter/${test} PROPERTIES LABELS adapter TIMEOUT 180 SKIP_RETURN_CODE 77
    ENVIRONMENT "BUS_SERVICE=$<TARGET_FILE:bus-service>;MVPNCTL=$<TARGET_FILE:mvpnctl>;MVPN_DM=$<TARGET_FILE:mvpn-dm>")
endforeach()
