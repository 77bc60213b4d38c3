#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The lab's enrolment and management servers, by curl in the place of the client: a certificate for a one-time password before there is a tunnel,
# the tunnel with that certificate, a management session through it; and the SCEP server. Nothing here is a finding about mvpn-dm.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"
export MVPN_LAB_LINKS=wlan0
DEVICE=$LAB_DIR/run/device

# fetch URL [OPTION…]: curl on the handset, which trusts the lab's CA
fetch() {
    local url=$1
    shift
    hs curl -sS --noproxy '*' --max-time "$(patience 20)" --cacert "$LAB_DIR/pki/ca.pem" "$@" "$url"
}

enrol() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$DEVICE.key"
    openssl req -new -key "$DEVICE.key" -subj /O=Example/CN=anything -outform DER | base64 >"$DEVICE.csr"
    fetch "https://$ENROLL_NAME/.well-known/est/simpleenroll" -u anna:once -H 'Content-Type: application/pkcs10' --data-binary "@$DEVICE.csr" |
        base64 -d | openssl pkcs7 -inform DER -print_certs -out "$DEVICE.pem"
}

# manage: package 1, as a client would send it, with the device's certificate
manage() {
    local item items=
    for item in DevId=urn:handset Man=mvpn Mod=lab DmV=1.2 Lang=en; do
        items+="<Item><Source><LocURI>./DevInfo/${item%%=*}</LocURI></Source><Data>${item#*=}</Data></Item>"
    done
    cat >"$LAB_DIR/run/package" <<END
<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID>
<Target><LocURI>https://$DM_NAME/dm</LocURI></Target><Source><LocURI>urn:handset</LocURI></Source></SyncHdr>
<SyncBody><Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Replace><CmdID>2</CmdID>$items</Replace><Final/></SyncBody></SyncML>
END
    fetch "https://$DM_NAME/dm" --cert "$DEVICE.pem" --key "$DEVICE.key" -H 'Content-Type: application/vnd.syncml.dm+xml' \
        --data-binary "@$LAB_DIR/run/package" >"$LAB_DIR/run/answer" && grep -q '<LocURI>./DevDetail/SwV</LocURI>' "$LAB_DIR/run/answer"
}

dm_came_through() { dm_log request area=dm | grep -qE '"peer": "(10\.99\.|fd99:)'; }

dm_second_answers() { fetch "https://$DM2_NAME/dm" -o /dev/null && dm_second dm_log request site=dmsecond; }

scenario "who enrols and manages" gateway_start good gw
dm_start
dm_otp anna once 300
dm_script - <<'END'
{"packages": [[{"verb": "Get", "target": "./DevDetail/SwV", "expect": 200}]]}
END
scep_start secret
check "a SCEP server answers" fetch "http://$SCEP_NAME/scep?operation=GetCACaps"
scep_stop
dm_mood tls-other-ca
refute "another CA's server is seen to be one" fetch "https://$ENROLL_NAME/.well-known/est/cacerts"
dm_mood
check "before the tunnel: enrolled by a password" enrol
check "the certificate is the handset's" openssl verify -CAfile "$LAB_DIR/pki/ca.pem" -purpose sslclient -verify_hostname handset-1.example.com \
    "$DEVICE.pem"
equal "the password is used up" 401 "$(fetch "https://$ENROLL_NAME/.well-known/est/simpleenroll" -u anna:once -o /dev/null -w '%{http_code}' \
    -H 'Content-Type: application/pkcs10' --data-binary "@$DEVICE.csr")"
refute "before the tunnel: nobody manages" manage

mvpn_config "Tunnel.Certificate=$DEVICE.pem" "Tunnel.PrivateKey=$DEVICE.key"
connect_up
check "through the tunnel, with that certificate: a session, and the script's command" manage
check "it came from the tunnel's address" dm_came_through
dm_clean "a first message that keeps the rules"
dm_second_start
check "the second server is another one" dm_second_answers
