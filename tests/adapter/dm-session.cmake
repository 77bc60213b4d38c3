# SPDX-License-Identifier: GPL-2.0-or-later
# The session engine against the test server's own reading of OMA DM, in one process: no network, no root.
add_executable(dm-drive dm-drive.c)
target_link_libraries(dm-drive PRIVATE mvpn-dm-tree)
set_target_properties(dm-drive PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
add_test(NAME adapter/dm-session-peer COMMAND ${CMAKE_CURRENT_LIST_DIR}/dm-session-peer-test $<TARGET_FILE:dm-drive>)
set_tests_properties(adapter/dm-session-peer PROPERTIES LABELS adapter TIMEOUT 300 SKIP_RETURN_CODE 77)
