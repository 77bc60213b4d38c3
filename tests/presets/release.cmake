# SPDX-License-Identifier: GPL-2.0-or-later
# cmake -C tests/presets/release.cmake -B build-release: what a distribution would build; no tests, installed below /usr.
set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "")
set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON CACHE BOOL "")
set(CMAKE_INSTALL_PREFIX "/usr" CACHE PATH "")
set(CMAKE_INSTALL_SYSCONFDIR "/etc" CACHE PATH "")
set(MVPN_TESTS OFF CACHE BOOL "")
