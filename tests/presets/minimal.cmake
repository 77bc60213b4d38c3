# SPDX-License-Identifier: GPL-2.0-or-later
# cmake -C tests/presets/minimal.cmake -B build-minimal: the smallest programs, for images of handsets; sections that nobody uses are dropped.
set(CMAKE_BUILD_TYPE MinSizeRel CACHE STRING "")
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON CACHE BOOL "")
set(CMAKE_C_FLAGS "-ffunction-sections -fdata-sections" CACHE STRING "")
set(CMAKE_EXE_LINKER_FLAGS "-Wl,--gc-sections -Wl,--as-needed -s" CACHE STRING "")
set(MVPN_TESTS OFF CACHE BOOL "")
