#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Sessions by schedule: mvpnd has the bus start mvpn-dm at the moment that mvpn-dm named, and only when a server can be reached; between sessions
# it does not run. Each session goes through the tunnel. A restart of mvpnd, a gateway that is gone meanwhile, and the end of management.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
export MVPN_LAB_LINKS=wlan0

agent_is_gone() { ! agent_is_there; }
starts_above() { [ "$(agent_starts)" -gt "$1" ]; }
sessions() { dm_log request area=dm | wc -l; }
was_session() { [ "$(sessions)" -gt 0 ]; }

# due_in SECONDS: the next session; the account is told so, as time would
due_in() { sed -i "s/^next-session-at=.*/next-session-at=$(($(date +%s) + $1))/" "$AGENT_STORE/current/account"; }

# through TEXT: there was a session (mvpnd leaves a minute from one start to the next, and takes a tenth of the time to put wake-ups together), through the tunnel, and both kept every rule
through() {
    check "$1" lab_until 120 was_session
    check "$1: mvpn-dm has ended" lab_until 20 agent_is_gone
    dm_clean "$1"
    check "$1: it came through the tunnel" grep -qE '"peer": "(10\.9[89]\.|fd9[89]:)' <(dm_log request area=dm)
    becomes "$1: the next one is due as the server set it" 10 "management.next_in>7100" "management.next_in<8000"
}

scenario "sessions by schedule"
mvpn_config Tunnel.Certificate= Tunnel.PrivateKey= Tunnel.CACertificates= Tunnel.RemoteIdentity= Tunnel.LocalIdentity=
dm_start 'poll={}' # no schedule of DMClient: our own node's counts
dns_set enterpriseenrollment.example.com "$ENROLL_V4"
agent_activatable
mvpnd_start || fail "mvpnd does not start"
equal "where nobody manages it mvpn-dm is not started" 0 "$(agent_starts)"

dm_otp anna@example.com once 600
check "enrolled" ctl enroll anna@example.com --device handset-1.example.com --ca "$LAB_DIR/pki/ca.pem" <<<once
becomes "the first session is due soon" 10 management.managed=true "management.next_in>0"
check "mvpnctl status says it in words" grep -qE '^ *Next session +in ' <(ctl status)
check "mvpnctl enable --wait" ctl enable --wait="$(patience 30)s"
becomes "the policy of the enrolment is good" 60 state=connected management.policy_on_trial=false
check "mvpn-dm has ended" lab_until 20 agent_is_gone

dm_script - <<'END'
{"packages": [[{"verb": "Replace", "target": "./Vendor/mvpn/MobileVPN/Schedule/Interval", "format": "int", "data": "7200", "expect": 200}]]}
END

# ---- mvpnd starts anew: it asks once, and calls again at the moment that it was told ----
due_in 12
before=$(agent_starts)
dm_forget
mvpnd_kill9
mvpnd_start || fail "mvpnd does not start after a crash"
becomes "connected after a crash" 60 state=connected
check "mvpn-dm is asked when" lab_until 20 starts_above "$before"
check "and ends until then" lab_until 20 agent_is_gone
through "a session by schedule"
above "for which it was started once more" "$((before + 1))" "$(agent_starts)"

# ---- nobody can be reached: nothing is started until the tunnel stands again ----
gateway_stop
becomes "the gateway is gone" 60 state!=connected
due_in -10
dm_forget
mvpnd_stop
before=$(agent_starts)
mvpnd_start || fail "mvpnd does not start"
becomes "blocked, and tried twice" 90 internet_blocked=true "retry.attempt>1" management.next_in=
check "mvpnctl status says that it waits" grep -qE '^ *Next session +when the VPN is connected' <(ctl status)
equal "blocked: starts of mvpn-dm" "$before" "$(agent_starts)"
equal "blocked: sessions" 0 "$(sessions)"
gateway_start good
becomes "the gateway is back" 90 state=connected
through "the session that was due"

# ---- the end of management ----
check "mvpnctl unenroll" ctl unenroll
check "mvpn-dm has ended for good" lab_until 20 agent_is_gone
before=$(agent_starts)
becomes "nothing is due any more" 10 management.managed=false management.next_in=
mvpnd_stop
mvpnd_start || fail "mvpnd does not start"
becomes "nor after a restart" 10 management.managed=false management.next_in=
equal "starts of mvpn-dm since the end" "$before" "$(agent_starts)"
