# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The management agent on the handset: mvpn-dm as D-Bus would have started it, and what it keeps on its disk.

AGENT_STORE=$HANDSET_STATE-dm

agent_start() {
    hs_spawn agent "$MVPN_BIN/mvpn-dm" --config "$HANDSET_CONF" --state-dir "$AGENT_STORE" --runtime-dir "$HANDSET_RUN" --idle 0
    lab_until 20 agent_is_there || fail "mvpn-dm does not start: $(cat "$LAB_DIR/log/agent.log")"
}

# agent_activatable: from now on the bus starts it when it is called, and it ends when it has nothing to do; a line in the log for each start
agent_activatable() {
    mkdir -p "$HANDSET_DIR/services"
    cat >"$HANDSET_DIR/agent-start" <<END
#!/bin/sh
echo started >>"$LAB_DIR/log/agent-starts"
export DBUS_SYSTEM_BUS_ADDRESS="$HANDSET_BUS"
exec nsenter -t "$(cat "$LAB_DIR/pid/handset")" --net --mount -- "$MVPN_BIN/mvpn-dm" --config "$HANDSET_CONF" --state-dir "$AGENT_STORE" \\
    --runtime-dir "$HANDSET_RUN" --idle 1s >>"$LAB_DIR/log/agent.log" 2>&1
END
    chmod 0755 "$HANDSET_DIR/agent-start"
    printf '[D-BUS Service]\nName=org.mvpn1.Management\nExec=%s\nUser=root\n' "$HANDSET_DIR/agent-start" \
        >"$HANDSET_DIR/services/org.mvpn1.Management.service"
    : >"$LAB_DIR/log/agent-starts"
    hs busctl --address="$HANDSET_BUS" call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig >/dev/null ||
        die "the bus does not look for services"
}

agent_starts() { wc -l <"$LAB_DIR/log/agent-starts"; }

agent_is_there() { hs busctl --address="$HANDSET_BUS" status org.mvpn1.Management >/dev/null 2>&1; }

agent_nothing_left() { equal "$1: files in the store" "" "$(find "$AGENT_STORE" -mindepth 1)"; }

# agent_subject NAME: of a certificate that it has
agent_subject() { openssl x509 -in "$AGENT_STORE/certs/$1.pem" -noout -subject -nameopt RFC2253; }

# agent_make_due: renewal is due; the account is told so, as time would
agent_make_due() { sed -i 's/^renew-at=.*/renew-at=1/' "$AGENT_STORE/current/account"; }
