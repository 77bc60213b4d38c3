# SPDX-License-Identifier: GPL-2.0-or-later
# cmake -C tests/presets/tsan.cmake -B build-tsan: ThreadSanitizer, for the mailbox between libcharon's threads and ours.
set(CMAKE_BUILD_TYPE Debug CACHE STRING "")
set(CMAKE_C_FLAGS_DEBUG "-g -O1" CACHE STRING "")
set(MVPN_SANITIZE "thread" CACHE STRING "")
