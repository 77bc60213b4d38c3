# SPDX-License-Identifier: GPL-2.0-or-later
# src/ike against Debian's own charon in the lab, through its NATs. Root only (else skipped).
add_executable(ike-drive ike-drive.c)
target_link_libraries(ike-drive PRIVATE mvpn-ike mvpn-core mvpn-base)
set_target_properties(ike-drive PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
