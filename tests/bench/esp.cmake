# SPDX-License-Identifier: GPL-2.0-or-later
# What ESP costs a packet; run by hand: build/tests/bench-esp-cipher.
pkg_check_modules(LIBCRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3.0)
add_executable(bench-esp-cipher esp-cipher.c ../unit/esp-fixture.c)
target_include_directories(bench-esp-cipher PRIVATE ${CMAKE_SOURCE_DIR}/tests)
target_link_libraries(bench-esp-cipher PRIVATE mvpn-esp PkgConfig::LIBCRYPTO)
set_target_properties(bench-esp-cipher PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
