# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The handset: its own mount namespace (an /etc that can be written, an empty /run, its own /sys), a private system bus,
# and mvpnd in it. Everything that shall see what an application on the handset sees runs by `hs`.

HANDSET_DIR=$LAB_DIR/handset
HANDSET_BUS=unix:path=$HANDSET_DIR/bus
HANDSET_CONF=$HANDSET_DIR/mvpn.conf
HANDSET_STATE=$HANDSET_DIR/state
HANDSET_RUN=$HANDSET_DIR/mvpn-run
MVPND_LOG=$LAB_DIR/log/mvpnd.log
MVPND_JOURNAL=$LAB_DIR/log/journal

# hs CMD…: run a command on the handset
hs() {
    local holder
    holder=$(cat "$LAB_DIR/pid/handset") || die "there is no handset"
    DBUS_SYSTEM_BUS_ADDRESS=$HANDSET_BUS nsenter -t "$holder" --net --mount -- "$@"
}

# hs_spawn LABEL CMD…: start a process on the handset, detached, with log and pid file; lab_stop LABEL ends it
hs_spawn() {
    local label=$1 holder
    shift
    holder=$(cat "$LAB_DIR/pid/handset") || die "there is no handset"
    DBUS_SYSTEM_BUS_ADDRESS=$HANDSET_BUS setsid nsenter -t "$holder" --net --mount -- "$@" \
        >>"$LAB_DIR/log/$label.log" 2>&1 </dev/null &
    echo $! >"$LAB_DIR/pid/$label"
    disown $!
}

# hotspot CMD…: run a command on the client of the handset's hotspot
hotspot() { in_ns hotspot "$@"; }

# the holder of the handset's mount namespace; its mounts go when it goes
handset_holder() {
    mkdir -p "$HANDSET_DIR"/{etc-upper,etc-work}
    lab_spawn handset handset unshare --mount --propagation private sh -c '
        mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/etc-upper,workdir=$1/etc-work" /etc || exit 1
        mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal || exit 1
        mount -t cgroup2 cgroup2 /sys/fs/cgroup 2>/dev/null
        cp "$1/resolv.conf" /etc/resolv.conf
        : >"$1/holder.ready"
        exec sleep infinity' sh "$HANDSET_DIR"
    lab_until 20 test -e "$HANDSET_DIR/holder.ready" || die "no handset: $(cat "$LAB_DIR/log/handset.log")"
}

# the policy files of the project go into the bus as on a real system; without them root may do everything
handset_bus_config() {
    local file
    cat <<END
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>$HANDSET_BUS</listen>
  <servicedir>$HANDSET_DIR/services</servicedir>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
  </policy>
  <policy user="root">
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
  </policy>
END
    for file in "$LAB_SRC"/conf/*.conf; do
        grep -qs '<busconfig' "$file" && echo "  <include>$file</include>"
    done
    echo "</busconfig>"
}

lab_handset_prepare() {
    printf 'nameserver %s\nnameserver %s\noptions timeout:1 attempts:2\n' "$DNS_V4" "$DNS_V6" >"$HANDSET_DIR/resolv.conf"
    mkdir -p "$HANDSET_STATE" "$HANDSET_RUN" "$HANDSET_DIR/services"
    chmod 0700 "$HANDSET_STATE"
    handset_holder
    handset_bus_config >"$HANDSET_DIR/bus.conf"
    lab_spawn bus handset dbus-daemon --config-file="$HANDSET_DIR/bus.conf" --nofork --nopidfile
    lab_spawn journal handset "$LAB_SUPPORT/journal-catcher" "$HANDSET_DIR/journal.sock" "$MVPND_JOURNAL"
    lab_until 20 test -S "$HANDSET_DIR/bus" || die "no bus: $(cat "$LAB_DIR/log/bus.log")"
    lab_until 20 test -S "$HANDSET_DIR/journal.sock" || die "no journal: $(cat "$LAB_DIR/log/journal.log")"
    hs ln -sfn "$HANDSET_DIR/journal.sock" /run/systemd/journal/socket
    mvpn_config
}

# mvpn_config [SECTION.KEY=VALUE…]: write mvpnd's configuration: the lab's, with these keys changed; an empty value
# removes the key. It takes effect at the next start or reload.
mvpn_config() {
    "$LAB_SUPPORT/write-config" "$HANDSET_CONF" "Tunnel.Gateway=$GW_NAME" "Tunnel.RemoteIdentity=$GW_NAME" \
        "Tunnel.LocalIdentity=handset-1.example.com" "Tunnel.Certificate=$LAB_DIR/pki/client.pem" \
        "Tunnel.PrivateKey=$LAB_DIR/pki/client.key" "Tunnel.CACertificates=$LAB_DIR/pki/ca.pem" \
        "Tunnel.DataPath=$MVPN_LAB_DATA_PATH" "$@"
}

# mvpnd_start [NAME=VALUE…]: start mvpnd, with more environment, and wait for its READY=1
mvpnd_start() {
    [ -x "$MVPN_BIN/mvpnd" ] || die "there is no $MVPN_BIN/mvpnd"
    [ -z "$(lab_pid mvpnd)" ] || die "mvpnd runs already"
    hs env "$@" "$LAB_SUPPORT/start-daemon" --pidfile "$LAB_DIR/pid/mvpnd" --log "$MVPND_LOG" --timeout "$(patience 30)" -- \
        "${MVPND:-$MVPN_BIN/mvpnd}" --config "$HANDSET_CONF" --state-dir "$HANDSET_STATE" --runtime-dir "$HANDSET_RUN"
}

# mvpnd_stop: an orderly stop, as systemd does it
mvpnd_stop() { lab_stop mvpnd TERM; }

# mvpnd_kill9: a crash
mvpnd_kill9() { lab_stop mvpnd KILL; }

# ctl ARGUMENTS…: mvpnctl on the handset
ctl() {
    hs "$MVPN_BIN/mvpnctl" --config "$HANDSET_CONF" --state-dir "$HANDSET_STATE" --runtime-dir "$HANDSET_RUN" "$@"
}

# status [PATH]: the status as JSON, or one member of it, such as base_link.interface; null and absent print nothing
status() {
    if [ $# = 0 ]; then ctl status --json; else ctl status --json | "$LAB_SUPPORT/json-get" "$1"; fi
}
