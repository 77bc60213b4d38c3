# SPDX-License-Identifier: GPL-2.0-or-later
# cmake -C tests/presets/fuzz.cmake -B build-fuzz: the libFuzzer programs fuzzer-NAME (clang), all code instrumented.
set(CMAKE_C_COMPILER clang CACHE STRING "")
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_C_FLAGS_DEBUG "-g -O1 -fno-sanitize-recover=all" CACHE STRING "")
set(MVPN_FUZZ ON CACHE BOOL "")
set(MVPN_SANITIZE "fuzzer-no-link,address,undefined" CACHE STRING "")
