#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# A management server that cannot wait for the schedule sends a notification (package #0) through the tunnel: mvpnd has mvpn-dm started, which
# holds the session that was asked for. A replay, a wrong password and one from outside the tunnel start no session, and whoever sends false ones
# is listened to ever more seldom. When the VPN is off nobody listens.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
export MVPN_LAB_LINKS=wlan0
NODE=./Vendor/mvpn/MobileVPN/Schedule/Interval

agent_is_gone() { ! agent_is_there; }
was_session() { dm_log session "id=$1"; }
starts_above() { [ "$(agent_starts)" -gt "$1" ]; }
deaf() { [ -z "$(hs ss -Hlun 'sport = :2948')" ]; }
listens() { ! deaf; }

# knock FILE [NAMESPACE ADDRESS]: the notification, from the corp network through the tunnel
knock() { in_ns "${2:-corp}" bash -c "cat '$1' >/dev/udp/${3:-$(inner_address 4)}/2948"; }

# interval_script SECONDS: the session to come changes something, so that there is a command for the device
interval_script() {
    dm_script - <<END
{"packages": [[{"verb": "Replace", "target": "$NODE", "format": "int", "data": "$1", "expect": 200}]]}
END
}

# refused TEXT FILE: it starts the agent, which does not believe it
refused() {
    local before
    before=$(agent_starts)
    dm_forget
    knock "$2"
    check "$1: nobody listens any more" lab_until 10 deaf
    check "$1: it is said in the journal" lab_until 20 journal_has "not the management server's"
    check "$1: mvpn-dm has ended" lab_until 20 agent_is_gone
    equal "$1: it was started for that" $((before + 1)) "$(agent_starts)"
    refute "$1: and held no session" dm_log session
}

# hears: mvpnd anew, which is not deaf; mvpn-dm is asked once when its next session is
hears() {
    local before
    check "mvpn-dm has ended" lab_until 30 agent_is_gone
    before=$(agent_starts)
    mvpnd_stop
    mvpnd_start || fail "mvpnd does not start"
    becomes "connected" 60 state=connected
    check "it listens" lab_until 10 listens
    check "mvpn-dm was asked" lab_until 30 starts_above "$before"
    check "mvpn-dm has ended" lab_until 30 agent_is_gone
}

scenario "sessions by the server's notification"
mvpn_config Tunnel.Certificate= Tunnel.PrivateKey= Tunnel.CACertificates= Tunnel.RemoteIdentity= Tunnel.LocalIdentity=
dm_start dm_auth=md5
dns_set enterpriseenrollment.example.com "$ENROLL_V4"
agent_activatable
mvpnd_start || fail "mvpnd does not start"
check "where nobody manages it nobody listens" deaf
dm_otp anna@example.com once 600
check "enrolled" ctl enroll anna@example.com --device handset-1.example.com --ca "$LAB_DIR/pki/ca.pem" <<<once
check "before the tunnel stands nobody listens" deaf
check "mvpnctl enable --wait" ctl enable --wait="$(patience 30)s"
becomes "the policy of the enrolment is good" 60 state=connected management.policy_on_trial=false
check "mvpn-dm has ended" lab_until 60 agent_is_gone
check "now it listens" listens

interval_script 7200
dm_forget
before=$(agent_starts)
dm_notify "$LAB_DIR/run/first" 77
knock "$LAB_DIR/run/first"
check "the session that was asked for: 77 is 4D" lab_until 30 was_session 4D
check "mvpn-dm has ended" lab_until 20 agent_is_gone
equal "it was started once" $((before + 1)) "$(agent_starts)"
dm_clean "the session"
check "it came through the tunnel" grep -qE '"peer": "(10\.9[89]\.|fd9[89]:)' <(dm_log request area=dm)
equal "its command was obeyed" 7200 "$(ctl dm show $NODE)"

hears
refused "a replay" "$LAB_DIR/run/first"
hears
dm_notify "$LAB_DIR/run/wrong" 78 --password wrong
refused "another password" "$LAB_DIR/run/wrong"

hears
dm_notify "$LAB_DIR/run/outside" 79
before=$(agent_starts)
knock "$LAB_DIR/run/outside" nata "${LINK_V4[wlan0]%/*}"
check "one from outside the tunnel leaves it listening" listens
equal "and starts nothing" "$before" "$(agent_starts)"

interval_script 3600
dm_forget
knock "$LAB_DIR/run/outside"
check "through the tunnel the same one is genuine: by the nonce that the first session brought" lab_until 30 was_session 4F
check "mvpn-dm has ended" lab_until 20 agent_is_gone
dm_clean "the second session"
check "for a minute nobody listens" deaf

check "mvpnctl disable" ctl disable
becomes "the VPN is off" 20 state=disabled
check "nobody listens" deaf
