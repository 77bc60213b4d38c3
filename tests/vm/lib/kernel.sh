# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Debian's kernel for the virtual machine, and its initramfs. kernel_get sets VM_KERNEL_DIR, a folder of the cache that
# holds vmlinuz, initramfs and the module tree lib/modules/RELEASE.

# the parts of the module tree that a lab may ask for; everything else would only be disk space
VM_MODULE_FOLDERS="crypto arch/x86/crypto lib fs/9p fs/netfs fs/overlayfs drivers/net/tun.ko drivers/net/veth.ko
    drivers/net/dummy.ko drivers/net/bonding net/9p net/802 net/8021q net/bridge net/core net/ipv4 net/ipv6 net/key
    net/llc net/netfilter net/packet net/sched net/unix net/xfrm"

# what must be there before the host's files are: in the initramfs
VM_EARLY_MODULES="9pnet_virtio 9p overlay"

# kernel_package: the name of the image package that Debian's meta packages stand for
kernel_package() {
    local meta package
    for meta in ${MVPN_VM_KERNEL:-linux-image-6.12-amd64 linux-image-amd64}; do
        package=$(apt-cache depends "$meta" 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*-amd64\)$/\1/p' | head -n 1)
        [ -n "$package" ] && echo "$package" && return
    done
    return 1
}

# kernel_modules UNPACKED-PACKAGE RELEASE NEW: the useful modules, uncompressed: the virtual processor is slow
kernel_modules() {
    local from=$1/lib/modules/$2 to=$3/lib/modules/$2 folder
    mkdir -p "$to"
    cp "$from"/modules.{builtin,builtin.modinfo,order} "$to/"
    for folder in $VM_MODULE_FOLDERS; do
        (cd "$from" && find kernel/"$folder"* -name '*.ko*' -exec cp --parents -t "$to" {} +) || return 1
    done
    find "$to" -name '*.ko.xz' -exec xz -d {} +
    depmod -b "$3" "$2"
}

# kernel_initramfs NEW RELEASE: busybox, the modules that reach the host's files, and the first half of init
kernel_initramfs() {
    local root=$1/initramfs.d module
    mkdir -p "$root"/{bin,modules,dev,proc,host,over,sysroot}
    cp "$(command -v busybox)" "$root/bin/busybox"
    for module in $VM_EARLY_MODULES; do
        modprobe -d "$1" -S "$2" --show-depends "$module" || return 1
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$root/modules/order"
    (cd "$root/modules" && xargs cp -t . <order && sed -i 's,.*/,,' order) || return 1
    install -m 0755 "$VM_HERE/initramfs" "$root/init"
    (cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) >"$1/initramfs" && rm -rf "$root"
}

# kernel_make NEW PACKAGE
kernel_make() {
    local new=$1 release=${2#linux-image-}
    unpacked "$new.d" "$2" || return 1
    mkdir -p "$new"
    cp "$new.d/boot/vmlinuz-$release" "$new/vmlinuz"
    kernel_modules "$new.d" "$release" "$new" && kernel_initramfs "$new" "$release" && rm -rf "$new.d"
}

# kernel_get: sets VM_KERNEL_DIR
kernel_get() {
    local package init
    package=$(kernel_package) || { echo "apt knows no kernel image" >&2; return 1; }
    init=$(cat "$VM_HERE/initramfs" "$VM_HERE/lib/kernel.sh" | md5sum | cut -c1-8)
    VM_KERNEL_DIR=$VM_CACHE/vm-${package#linux-image-}-$init
    cached "vm-${package#linux-image-}-$init" kernel_make "$package"
}
