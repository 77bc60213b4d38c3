# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# One run of the virtual machine: an emulated processor (this needs nothing of the host), no network, the host's files
# read-only, and one folder, $VM_SHARE, that both sides write. Machines share nothing, so any number may run at once.

: "${MVPN_VM_SECONDS:=1100}"                    # a machine that takes longer is ended

# What the kernel is to leave out because it is dear under emulation. Programs at the same address in every process are
# translated once: without that, starting one costs ten times as much. One processor, for two wait for each other.
VM_CHEAP="norandmaps mitigations=off init_on_alloc=0 hardened_usercopy=off randomize_kstack_offset=off audit=0
    lsm=capability tsc=reliable cryptomgr.notests nowatchdog random.trust_cpu=on rcupdate.rcu_expedited=1"

# boot_end: a run leaves nothing behind
boot_end() { rm -rf "$VM_SHARE"; }

# boot_settings: the environment of the task, for the guest to read
boot_settings() {
    declare -p VM_MODULES VM_LAYERS
    export -p | grep '^declare -x MVPN_'
}

# boot: run $VM_SHARE/task in the machine; returns its exit status, or 1 with a reason when there is none
boot() {
    local cpu=qemu64,+aes,+pclmulqdq,+ssse3,+sse4.1,+sse4.2,+popcnt,+rdrand kernel status khz
    khz=$("$VM_HERE/tsc-khz")
    kernel="console=ttyS0 loglevel=5 panic=-1 apparmor=0 $VM_CHEAP ${khz:+tsc_early_khz=$khz}"
    VM_MODULES=$VM_KERNEL_DIR
    boot_settings >"$VM_SHARE/settings"
    # qemu ends when this script does, however it ends
    setpriv --pdeathsig TERM timeout -k 5 "$MVPN_VM_SECONDS" setpriv --pdeathsig TERM \
        qemu-system-x86_64 -nodefaults -no-user-config -display none -no-reboot -machine q35 -accel tcg \
        -cpu $cpu -m 1024 -nic none -kernel "$VM_KERNEL_DIR/vmlinuz" -initrd "$VM_KERNEL_DIR/initramfs" \
        -append "$kernel vm_init=\"$VM_HERE/guest\"" \
        -serial "file:$VM_SHARE/console" \
        -device virtio-serial-pci -chardev "stdio,id=out,signal=${VM_SIGNALS:-on}" -device virtconsole,chardev=out \
        -virtfs local,path=/,mount_tag=host,security_model=passthrough,readonly=on,multidevs=remap \
        -virtfs "local,path=$VM_SHARE,mount_tag=share,security_model=none,multidevs=remap" <&0 &
    wait $!                                     # a shell that waits so can be ended at any moment
    status=$?
    if [ -s "$VM_SHARE/status" ]; then
        boot_complaints
        return "$(cat "$VM_SHARE/status")"
    fi
    echo "vm: the machine ended without a result (qemu: $status); its console:" >&2
    tail -n 40 "$VM_SHARE/console" >&2
    return 1
}

# boot_complaints: show what the kernel itself complained of
boot_complaints() {
    grep -qE 'BUG:|WARNING:|Call Trace|Oops|Out of memory' "$VM_SHARE/console" || return 0
    echo "vm: the kernel's console:" >&2
    tail -n 60 "$VM_SHARE/console" >&2
}
