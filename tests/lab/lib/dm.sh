# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Who enrols and manages the handset: tests/support/dm-server twice, in one folder ($DM_DIR): at $ENROLL_NAME on the internet, for enrolment
# before there is a tunnel, and at $DM_NAME in the corp network, for management through it. How it behaves is in its files, which are read anew for
# every request; state.py and session.py say what they may hold. And a SCEP server of other people, in a namespace of its own.

DM_DIR=$LAB_DIR/dm
DM2_DIR=$LAB_DIR/dm2
# by schedule once a day: a session that a scenario did not ask for would take its script
DM_POLL='{"NumberOfFirstRetries": 0, "IntervalForFirstSetOfRetries": 0, "NumberOfRemainingScheduledRetries": 0, "IntervalForRemainingScheduledRetries": 1560}'

dm_program() { /usr/bin/python3 "$LAB_SUPPORT/dm-server" "$@"; }

# dm_serve LABEL NAMESPACE DIR CERTIFICATE ADDRESS…: one process, and wait until it answers
dm_serve() {
    local label=$1 where=$2 dir=$3 certificate=$LAB_DIR/pki/$4
    shift 4
    rm -f "$LAB_DIR/run/$label.ready"
    lab_spawn "$label" "$where" /usr/bin/python3 "$LAB_SUPPORT/dm-server" serve --state "$dir" --site "$label" --ca "$LAB_DIR/pki/ca.pem" \
        --ca-key "$LAB_DIR/pki/ca.key" --cert "$certificate.pem" --key "$certificate.key" --ready "$LAB_DIR/run/$label.ready" "$@"
    lab_until 20 test -e "$LAB_DIR/run/$label.ready" || die "no $label: $(cat "$LAB_DIR/log/$label.log")"
}

# dm_certificate NAME HOST…: a server certificate of the lab's CA
dm_certificate() {
    local name=$1 san
    shift
    san=$(printf 'DNS:%s,' "$@")
    (export SAN='' && cd "$LAB_DIR/pki" && pki_issue "$name" gateway "$1" "${san%,}" '') || die "no certificate for $name"
}

# dm_start [KEY=VALUE…]: both servers, well behaved; settings as for dm_set
dm_start() {
    mkdir -p "$DM_DIR"
    [ -f "$LAB_DIR/pki/dm.pem" ] || dm_certificate dm "$DM_NAME" "$ENROLL_NAME" enterpriseenrollment.example.com
    ip_ns svc <<END
addr replace $ENROLL_V4/27 dev eth0
addr replace $ENROLL_V6/64 dev eth0
END
    ip_ns corp <<END
addr replace $DM_V4/24 dev corp
addr replace $DM_V6/64 dev corp
END
    dm_set device_name=handset-1.example.com "enroll_url=https://$ENROLL_NAME" "dm_url=https://$DM_NAME/dm" "poll=$DM_POLL" "$@"
    dm_serve dmenroll svc "$DM_DIR" dm "$ENROLL_V4" "$ENROLL_V6"
    dm_serve dmcorp corp "$DM_DIR" dm "$DM_V4" "$DM_V6"
}

dm_stop() {
    lab_stop dmenroll
    lab_stop dmcorp
}

# dm_second_start [KEY=VALUE…]: another server in the corp network, of its own name and folder, to whom the first one's nodes are no business.
# dm_second FUNCTION…: the functions below, for that one
dm_second_start() {
    mkdir -p "$DM2_DIR"
    [ -f "$LAB_DIR/pki/dm2.pem" ] || dm_certificate dm2 "$DM2_NAME"
    ip_ns corp <<END
addr replace $DM2_V4/24 dev corp
addr replace $DM2_V6/64 dev corp
END
    dm_second dm_set server_id=second "dm_url=https://$DM2_NAME/dm" dm_user=client2 dm_password=s3cond dm_server_name=second "$@"
    dm_serve dmsecond corp "$DM2_DIR" dm2 "$DM2_V4" "$DM2_V6"
}

dm_second() { local DM_DIR=$DM2_DIR; "$@"; }

# dm_set KEY=VALUE…: settings (state.py has the list); a value that is no JSON is a string
dm_set() { dm_program set --state "$DM_DIR" "$@"; }

# dm_otp USER PASSWORD [SECONDS]: a password that is good once, for so long
dm_otp() { echo "$1 $2${3:+ $(($(date +%s) + $3))}" >>"$DM_DIR/otp"; }

# dm_token TOKEN: what the Federated way takes
dm_token() { echo "$1" >>"$DM_DIR/tokens"; }

# dm_mood [MOOD…]: how to misbehave from now on (moods.py has the list); none: not at all
dm_mood() { dm_program mood --state "$DM_DIR" "$@" || die "no such mood: $*"; }

# dm_script FILE: what the sessions to come are to do; - is standard input (script.py says in what form)
dm_script() {
    cat "$1" >"$DM_DIR/script.json.new"
    mv "$DM_DIR/script.json.new" "$DM_DIR/script.json"
}

# dm_profile [--name N] [--verb V] [NODE=VALUE…]: the script of the next session sets up a VPN with LockDown by one Atomic; NODE is below
# ./Device/Vendor/MSFT/VPNv2/N, or begins with ./ itself; an empty value leaves a node out
dm_profile() { dm_program profile "$@" | dm_script -; }

# dm_log [EVENT [KEY=VALUE…]]: what was written down; fails where there is nothing of the kind
dm_log() { dm_program log --state "$DM_DIR" "$@"; }

# dm_forget: an empty log
dm_forget() { : >"$DM_DIR/log.jsonl"; }

# dm_wait SECONDS EVENT [KEY=VALUE…]: until it was written down
dm_wait() {
    local seconds=$1
    shift
    lab_until "$seconds" dm_log "$@" >/dev/null
}

# dm_clean TEXT: since dm_forget the client kept every rule, every answer was one that the script expects, and the server did not stumble
dm_clean() {
    local event
    for event in violation unexpected server-error; do
        refute "$1: no $event" dm_log $event
    done
}

# dm_notify FILE SESSION [OPTION…]: a package #0 of this server, as bytes in a file; the same file again is a replay
dm_notify() {
    local file=$1 session=$2
    shift 2
    dm_program notify --session "$session" --nonce "$("$LAB_SUPPORT/json-get" server <"$DM_DIR/nonces.json")" "$@" >"$file"
}

# scep_start [CHALLENGE]: micromdm's scepserver, with a CA of its own (pki/scep-ca.pem), which has certified a gateway, too (the variant scep); it
# listens at every address of its namespace
scep_start() {
    local depot=$LAB_DIR/scep/depot
    command -v scepserver >/dev/null || { say "skipped: no scepserver"; exit 77; }
    ip netns add "$(ns scep)" || die "cannot make namespace $(ns scep)"
    wire inet scep scep eth0
    ip_ns inet <<END
link set scep up
addr add 203.0.113.65/30 dev scep
END
    ip_ns scep <<END
link set lo up
link set eth0 up
addr add $SCEP_V4/30 dev eth0
route add default via 203.0.113.65
END
    mkdir -p "$depot"
    scepserver ca -init -depot "$depot" -organization Example -years 1 -keySize 2048 >"$LAB_DIR/log/scep.log" 2>&1 ||
        die "scepserver: $(cat "$LAB_DIR/log/scep.log")"
    cp "$depot/ca.pem" "$LAB_DIR/pki/scep-ca.pem"
    scep_gateway || die "no gateway of the SCEP server's authority"
    scep_serve "${1:-}"
}

# scep_serve [CHALLENGE]: with this password from now on
scep_serve() {
    [ -z "$(lab_pid scep)" ] || lab_stop scep
    lab_spawn scep scep scepserver -depot "$LAB_DIR/scep/depot" -port 80 -challenge "${1:-}" -allowrenew 0 -debug
    lab_until 20 scep_answers || die "no SCEP server: $(cat "$LAB_DIR/log/scep.log")"
}

scep_gateway() (
    cd "$LAB_DIR/pki" || exit 1
    pki_key gateway-scep
    export SAN=DNS:$GW_NAME
    openssl req -new -config ca/openssl.cnf -key gateway-scep.key -subj "/O=Example/CN=$GW_NAME" |
        openssl x509 -req -CA scep-ca.pem -CAkey "$LAB_DIR/scep/depot/ca.key" -passin pass: -days 30 \
            -extfile ca/openssl.cnf -extensions gateway_nocrl -set_serial $RANDOM -out gateway-scep.pem 2>/dev/null
)

scep_answers() { in_ns scep curl -fsS --noproxy '*' -o /dev/null "http://$SCEP_V4/scep?operation=GetCACaps"; }

scep_stop() {
    lab_stop scep
    ip netns del "$(ns scep)"
}
