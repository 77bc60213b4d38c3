# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# What the virtual machine is to do: a script in the share, and the settings of a laboratory there.

# in the machine everything takes longer, and both ends have the kernel's ESP
task_settings() {
    export MVPN_BIN=${MVPN_BIN:-$VM_SRC/build/bin} MVPN_LAB=vm MVPN_LAB_DIR=/vm/lab MVPN_LAB_PKI=$VM_SHARE/pki
    export MVPN_LAB_PATIENCE=${MVPN_LAB_PATIENCE:-6} MVPN_LAB_GATEWAY_ESP=${MVPN_LAB_GATEWAY_ESP:-kernel}
    export MVPN_LAB_DATA_PATH=${MVPN_LAB_DATA_PATH:-kernel}
}

# task_scenario NAME: its script
task_scenario() {
    local folder
    for folder in "$VM_HERE/scenarios" "$VM_SRC/tests/lab/scenarios"; do
        [ -f "$folder/$1.sh" ] && echo "$folder/$1.sh" && return
    done
    echo "there is no scenario $1" >&2
    return 1
}

# task_run SCRIPT…: the scenarios one after the other; this function runs in the machine
task_run() {
    local script status worst=0
    for script; do
        SECONDS=0
        bash "$script"
        status=$?
        echo "vm: $(basename "$script" .sh): exit status $status after $SECONDS s"
        case $status in
        0) ;;
        77) [ $worst != 0 ] || worst=77 ;;
        *) worst=$status ;;
        esac
    done
    return $worst
}

# task_packages: the packages that the chosen scenarios want besides the host's files ("# unpacked: NAME…")
task_packages() { grep -ohE '^# unpacked: .*' /dev/null "${VM_SCRIPTS[@]}" | cut -d: -f2- | xargs -n1 | sort -u; }

# task_write ARGUMENTS…: the script that the machine runs
task_write() {
    local name script
    VM_SCRIPTS=()
    task_settings
    case $1 in
    --shell)
        VM_SIGNALS=off
        echo 'stty -F /dev/hvc0 sane; exec bash -i' >"$VM_SHARE/task"
        ;;
    --)
        shift
        printf '%q ' "$@" >"$VM_SHARE/task"
        ;;
    *)
        for name; do
            script=$(task_scenario "$name") || return 1
            VM_SCRIPTS+=("$script")
        done
        { declare -f task_run; echo "task_run $(printf '%q ' "${VM_SCRIPTS[@]}")"; } >"$VM_SHARE/task"
        ;;
    esac
}

# task_certificates: made here, because the machine is slow at it
task_certificates() (
    export MVPN_LAB_DIR=$VM_SHARE MVPN_LAB_PKI=
    # shellcheck source=../../lab/lib.sh
    . "$VM_SRC/tests/lab/lib.sh"
    mkdir -p "$VM_SHARE/pki"
    lab_pki
)
