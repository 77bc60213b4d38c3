#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Names through the tunnel, where /etc/resolv.conf is nobody else's: while connected libc asks the corp's name server, and what was in the file
# comes back byte for byte, also after a crash and when another program has written it meanwhile.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

CORP_NAME=echo.corp.example.com

resolves() { hs getent ahostsv4 "$1" | grep -q "^$2 "; }
file() { hs cat /etc/resolv.conf; }
names_ours() { file | grep -q "^nameserver $CORP_DNS_V4"; }
is_old() { hs cmp -s "$HANDSET_DIR/resolv.conf" /etc/resolv.conf && ! hs test -e /etc/resolv.conf.mvpn-saved; }

scenario "names through the tunnel"
connect_up
lab_until 20 names_ours || fail "the corp's name servers are not the system's: $(file)"
equal "the gateway's servers, in its order" "$CORP_DNS_V4 $CORP_DNS_V6" "$(file | awk '/^nameserver/ { print $2 }' | xargs)"
check "a name that only the corp knows resolves by libc" lab_until 20 resolves "$CORP_NAME" "$CORP_V4"
carries "connected" "$CORP_NAME"
equal "a file that everybody can read" "644" "$(hs stat -c %a /etc/resolv.conf)"
ctl disable || fail "mvpnctl disable"
check "disabled, the old file is back" is_old
refute "and the corp's name is not known" resolves "$CORP_NAME" "$CORP_V4"

ctl enable
becomes "connected again" 30 state=connected
lab_until 20 names_ours || fail "the corp's name servers are not the system's: $(file)"
mvpnd_kill9
check "mvpnctl disable works with mvpnd dead" ctl disable
check "disabled after kill -9, the old file is back" is_old

mvpnd_start || fail "mvpnd does not start"
ctl enable
becomes "connected" 30 state=connected
lab_until 20 names_ours || fail "the corp's name servers are not the system's: $(file)"
mvpnd_kill9
gateway_silent on
mvpnd_start || fail "mvpnd does not start after a crash"
becomes "the gateway's name is asked of the old file's servers after a crash" 30 state=connecting
lab_until 20 names_ours || fail "the corp's name servers are not remembered: $(file)"
pass "while programs' questions wait for the tunnel, at the servers of the last one"
gateway_silent off
becomes "connected after a crash" 90 state=connected
lab_until 20 names_ours || fail "the corp's name servers are not the system's: $(file)"

# a DHCP client brings another file, in the usual way
hs sh -c 'printf "nameserver 192.0.2.99\n" >/etc/resolv.conf.new && mv /etc/resolv.conf.new /etc/resolv.conf'
lab_until 20 names_ours || fail "another program's file took the tunnel's name servers away: $(file)"
pass "another program's file does not take the tunnel's name servers away"
ctl disable || fail "mvpnctl disable"
equal "and is there when the VPN is off" "nameserver 192.0.2.99" "$(file)"

# a link, as NetworkManager and resolvconf make it
hs sh -c 'cp "$1" /run/real && ln -sfn /run/real /etc/resolv.conf' sh "$HANDSET_DIR/resolv.conf"
ctl enable
becomes "connected" 30 state=connected
lab_until 20 names_ours || fail "the corp's name servers are not the system's: $(file)"
ctl disable || fail "mvpnctl disable"
equal "a link is a link again" /run/real "$(hs readlink /etc/resolv.conf)"
check "to what it was" hs cmp "$HANDSET_DIR/resolv.conf" /run/real

# what somebody edits in ours is theirs
ctl enable
becomes "connected" 30 state=connected
lab_until 20 names_ours || fail "the corp's name servers are not the system's: $(file)"
mvpnd_kill9
hs sh -c 'echo "options edns0" >>/etc/resolv.conf'
check "mvpnctl disable" ctl disable
check "an edit stays" hs grep -q "options edns0" /etc/resolv.conf

# the gateway sends a domain, and carries only a part: names without a dot are completed by it, and the tunnel reaches its name server
hs sh -c 'rm -f /etc/resolv.conf* && cp "$1" /etc/resolv.conf' sh "$HANDSET_DIR/resolv.conf"
gateway_load split
mvpnd_start || fail "mvpnd does not start"
ctl enable
becomes "connected to a gateway that sends a domain" 30 state=connected
lab_until 20 names_ours || fail "the corp's name servers are not the system's: $(file)"
check "the domain is searched" lab_until 20 hs grep -q "^search corp.example.com$" /etc/resolv.conf
check "a name without a dot resolves by libc" lab_until 20 resolves echo "$CORP_V4"
ctl disable || fail "mvpnctl disable"
check "disabled, the old file is back" is_old
