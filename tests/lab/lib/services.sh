# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# Services of the lab: the public resolver, the corp resolver, echo servers behind the gateway and in the world, and the
# CA's web server for CRL and OCSP. All read their data anew for every request: a test misbehaves by writing a file.

# lab_services_zones: what the resolvers know at the start
lab_services_zones() {
    cat >"$LAB_DIR/zones/public" <<END
# name address…, or: name !nxdomain | !servfail | !silence | !refused; the name * stands for every other name
$GW_NAME $GW_V4 $GW_V6
$GW2_NAME $GW2_V4 $GW2_V6
crl.example.com $CRL_V4 $CRL_V6
ocsp.example.com $OCSP_V4 $OCSP_V6
$STUN_NAME $STUN_V4 $STUN_V6
$ENROLL_NAME $ENROLL_V4 $ENROLL_V6
enterpriseenrollment.example.com $ENROLL_V4 $ENROLL_V6
$SCEP_NAME $SCEP_V4
www.example.net $WORLD_V4 $WORLD_V6
END
    cat >"$LAB_DIR/zones/corp" <<END
echo.corp.example.com $CORP_V4 $CORP_V6
$DM_NAME $DM_V4 $DM_V6
$DM2_NAME $DM2_V4 $DM2_V6
www.example.net $WORLD_V4 $WORLD_V6
END
}

lab_services_start() {
    lab_services_zones
    lab_spawn dns svc "$LAB_SUPPORT/dns-server" --zone "$LAB_DIR/zones/public" --log "$LAB_DIR/log/dns.queries" \
        --ready "$LAB_DIR/run/dns.ready" "$DNS_V4" "$DNS_V6"
    lab_spawn corpdns corp "$LAB_SUPPORT/dns-server" --zone "$LAB_DIR/zones/corp" \
        --log "$LAB_DIR/log/corpdns.queries" --ready "$LAB_DIR/run/corpdns.ready" "$CORP_DNS_V4" "$CORP_DNS_V6"
    lab_spawn echo corp "$LAB_SUPPORT/echo-server" --ready "$LAB_DIR/run/echo.ready"
    lab_spawn worldecho world "$LAB_SUPPORT/echo-server" --ready "$LAB_DIR/run/worldecho.ready"
    lab_spawn pki svc "$LAB_SUPPORT/pki-server" --pki "$LAB_DIR/pki" --ready "$LAB_DIR/run/pki.ready" \
        --mode "$LAB_DIR/run/pki.mode" "$CRL_V4" "$CRL_V6" "$OCSP_V4" "$OCSP_V6"
}

lab_services_ready() {
    local name
    for name in dns corpdns echo worldecho pki; do
        lab_until 20 test -e "$LAB_DIR/run/$name.ready" ||
            die "service $name did not start: $(cat "$LAB_DIR/log/$name.log")"
    done
}

# dns_set NAME ANSWER…: the public resolver answers so from now on (addresses or one of !nxdomain !servfail !silence)
dns_set() {
    local name=$1 file=$LAB_DIR/zones/public
    shift
    { grep -vF "$name " "$file"; echo "$name $*"; } >"$file.new"
    mv "$file.new" "$file"
}

# dns_default: every name is answered as at the start
dns_default() { lab_services_zones; }

# pki_service MODE: how CRL and OCSP are served: good, silence (accepts, never answers), missing (404)
pki_service() { echo "$1" >"$LAB_DIR/run/pki.mode"; }
