# SPDX-License-Identifier: GPL-2.0-or-later
# cmake -C tests/presets/asan.cmake -B build-asan: every test under AddressSanitizer and UndefinedBehaviorSanitizer.
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_C_FLAGS_DEBUG "-g -O1" CACHE STRING "")
set(MVPN_SANITIZE "address,undefined" CACHE STRING "")
