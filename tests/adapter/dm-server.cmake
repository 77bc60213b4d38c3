# SPDX-License-Identifier: GPL-2.0-or-later
# The test server of enrolment and management by itself, on loopback: it is known to work before a client is blamed.
add_test(NAME adapter/dm-server COMMAND ${CMAKE_CURRENT_LIST_DIR}/dm-server-test)
set_tests_properties(adapter/dm-server PROPERTIES LABELS adapter TIMEOUT 300 SKIP_RETURN_CODE 77)
