# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The network-namespace lab, as a library of shell functions: source this file, call lab_up, and use the helpers that
# the rooms below define. It owns the namespaces whose names begin with $MVPN_LAB, the processes inside them and the
# folder $LAB_DIR; it never touches anything else on the machine.

LAB_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_SRC=$(cd "$LAB_HERE/../.." && pwd)
LAB_SUPPORT=$LAB_SRC/tests/support

for lab_room in base topology nat services pki gateway handset around client capture probes wait check dm agent; do
    # shellcheck disable=SC1090
    . "$LAB_HERE/lib/$lab_room.sh"
done
unset lab_room
