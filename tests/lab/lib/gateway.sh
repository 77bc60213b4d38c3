# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The gateways: Debian's own charon-systemd, with the kernel's ESP where MVPN_LAB_GATEWAY_ESP says so, else with its
# kernel-libipsec plugin, one in each of the namespaces gw and gw2. A variant names one way to be configured; gateway_load changes a running gateway's.
# Every function takes the namespace as an optional last argument; the default is gw. MVPN_LAB_STRONGSWAN is whose.

GW_IKE_GOOD=aes256gcm16-prfsha384-ecp384,aes128gcm16-prfsha256-ecp256,aes128gcm16-prfsha256-x25519
GW_ESP_GOOD=aes256gcm16-ecp384,aes128gcm16-ecp256,aes128gcm16-x25519,aes256gcm16,aes128gcm16

# charon_settings SECTION DIR user|kernel [LINES]: strongswan.conf of one instance that shares nothing with another
charon_settings() {
    local esp=kernel-libipsec hashes="hmac sha1 sha2" kdf=kdf
    [ "$3" = user ] || esp=
    [ -z "$MVPN_LAB_STRONGSWAN" ] || hashes='' kdf=''   # OpenSSL's do
    cat <<END
$1 {
    load = random nonce openssl pem pkcs1 pkcs8 x509 revocation constraints pubkey $kdf $hashes $esp kernel-netlink socket-default vici
    threads = 16
    syslog { daemon { default = -1 } }
    filelog {
        log {
            path = $2/charon.log
            time_format = %T
            time_add_ms = yes
            flush_line = yes
            default = 1
            ike = 2
            cfg = 1
        }
    }
    plugins {
        vici { socket = unix://$2/charon.vici }
        kernel-netlink { mtu = 1400 }
    }
    ${4:-}
}
swanctl { load = random openssl pem pkcs1 pkcs8 x509 $hashes
    socket = unix://$2/charon.vici
}
pki { load = random openssl pem pkcs1 pkcs8 x509 $hashes }
END
}

# gateway_variant VARIANT: sets the variables that differ
gateway_variant() {
    ike=$GW_IKE_GOOD esp=$GW_ESP_GOOD pools="v4, v6" mobike=yes local_ts=0.0.0.0/0,::/0 remote_ts=dynamic
    ike_rekey=4h esp_rekey=1h esp_life=66m rand=10m cacerts=ca.pem dpd=30s start=none
    cert=gateway id=$GW_NAME domain=
    [ "$2" = gw ] || { cert=gateway2 id=$GW2_NAME; }
    case $1 in
    good) ;;
    rsa) cert=gateway-rsa ;;
    revoked) cert=gateway-revoked ;;
    expired) cert=gateway-expired ;;
    ocsp) cert=gateway-ocsp ;;
    ocsp-revoked) cert=gateway-ocsp-revoked ;;
    nocrl) cert=gateway-nocrl ;;
    wrong-ca) cert=gateway-other ;;
    wrong-identity) cert=gateway-identity id='*.example.com' ;;   # takes any name asked for, with another's certificate
    refuse-ike) ike=aes256-sha512-modp4096 ;;
    refuse-esp) esp=aes256-sha512 ;;
    esp:*) esp=${1#esp:} ;;     # no other
    refuse-ts) remote_ts=10.200.0.0/24 pools="v4, v6" ;;
    refuse-auth) cacerts=other-ca.pem ;;
    no-pool) pools= ;;
    no-mobike) mobike=no ;;
    short-rekey)                # as short as the machine can keep up with
        ike_rekey=$((8 * LAB_PACE))s esp_rekey=$((3 * LAB_PACE))s esp_life=$((30 * LAB_PACE))s rand=0s
        ;;
    v4-only) pools=v4 local_ts=0.0.0.0/0 ;;
    split) local_ts=$CORP_DNS_V4/16,$CORP_DNS_V6/64 domain=corp.example.com ;;   # INTERNAL_DNS_DOMAIN (RFC 8598)
    scep) cert=gateway-scep cacerts=scep-ca.pem ;; # of scep_start's authority
    quiet) dpd=0s ;;            # never speaks first: what keeps a mapping alive is the handset alone
    *) die "no gateway variant $1" ;;
    esac
}

# gateway_swanctl VARIANT NAMESPACE: the whole swanctl.conf
gateway_swanctl() {
    local ike esp pools mobike local_ts remote_ts ike_rekey esp_rekey esp_life rand cacerts dpd start cert id domain net=10.99 net6=fd99
    gateway_variant "$1" "$2"
    [ "$2" = gw ] || net=10.98 net6=fd98
    cat <<END
connections {
    handsets {
        version = 2
        local_addrs = %any
        proposals = $ike
        pools = $pools
        mobike = $mobike
        unique = replace
        fragmentation = yes
        dpd_delay = $dpd
        rekey_time = $ike_rekey
        rand_time = $rand
        over_time = 30s
        send_certreq = yes
        local { auth = pubkey
            certs = $LAB_DIR/pki/$cert.pem
            id = $id
        }
        remote { auth = pubkey
            cacerts = $LAB_DIR/pki/$cacerts
            revocation = relaxed
        }
        children {
            net {
                esp_proposals = $esp
                local_ts = $local_ts
                remote_ts = $remote_ts
                rekey_time = $esp_rekey
                life_time = $esp_life
                rand_time = $rand
                dpd_action = clear
                start_action = $start
            }
        }
    }
}
pools {
    v4 { addrs = $net.0.0/16
        dns = $CORP_DNS_V4
        ${domain:+25 = \"$domain\"}
    }
    v6 { addrs = $net6::/64
        dns = $CORP_DNS_V6
    }
}
END
}

# gateway_load VARIANT [NAMESPACE]: the running gateway takes this configuration; present tunnels stay
gateway_load() {
    local variant=$1 name=${2:-gw} dir
    dir=$LAB_DIR/$name
    mkdir -p "$dir"/{x509,x509ca,x509crl,private}
    rm -f "$dir"/x509/* "$dir"/private/* "$dir"/x509crl/*
    cp "$LAB_DIR/pki/ca.pem" "$LAB_DIR/pki/other-ca.pem" "$dir/x509ca/"
    cp "$LAB_DIR"/pki/gateway*.key "$dir/private/"
    cp "$LAB_DIR/pki/www/ca.crl" "$dir/x509crl/"
    gateway_swanctl "$variant" "$name" >"$dir/swanctl.conf"
    gateway_vici "$name" --load-all --clear >"$dir/load.log" 2>&1 || die "gateway configuration: $(cat "$dir/load.log")"
}

# gateway_tools: sets GATEWAY_TOOLS, the words before a command of strongSwan's that is another than the host's
gateway_tools() {
    GATEWAY_TOOLS=()
    # shellcheck disable=SC2016                 # for the shell inside
    [ -z "$MVPN_LAB_STRONGSWAN" ] || GATEWAY_TOOLS=(unshare --mount --propagation private
        sh -c 'mount --bind "$0/usr" /usr && exec "$@"' "$MVPN_LAB_STRONGSWAN")
}

# gateway_vici NAMESPACE SWANCTL-ARGUMENTS…: talk to a gateway
gateway_vici() {
    local name=$1
    shift
    gateway_tools
    STRONGSWAN_CONF=$LAB_DIR/$name/strongswan.conf SWANCTL_DIR=$LAB_DIR/$name \
        in_ns "$name" "${GATEWAY_TOOLS[@]}" /usr/sbin/swanctl "$@"
}

# gateway_start [VARIANT] [NAMESPACE]: start a gateway and wait until it serves
gateway_start() {
    local variant=${1:-good} name=${2:-gw} dir
    dir=$LAB_DIR/$name
    [ -n "$(lab_pid "charon-$name")" ] && gateway_stop "$name"
    rm -f "$dir/charon.vici"
    charon_settings charon-systemd "$dir" "$MVPN_LAB_GATEWAY_ESP" >"$dir/strongswan.conf"
    gateway_tools
    STRONGSWAN_CONF=$dir/strongswan.conf lab_spawn "charon-$name" "$name" "${GATEWAY_TOOLS[@]}" /usr/sbin/charon-systemd
    lab_until 20 test -S "$dir/charon.vici" || die "gateway $name did not start: $(tail -20 "$dir/charon.log")"
    gateway_load "$variant" "$name"
}

# gateway_stop: an orderly stop, which tells the peers
gateway_stop() { lab_stop "charon-${1:-gw}" TERM; }

# gateway_kill9: as if its power had gone; it comes back by gateway_start, with no memory of its peers
gateway_kill9() {
    lab_stop "charon-${1:-gw}" KILL
    ip -n "$(ns "${1:-gw}")" link del ipsec0 2>/dev/null || true
    [ "$MVPN_LAB_GATEWAY_ESP" = user ] || gateway_forget "${1:-gw}"
}

# gateway_forget NAMESPACE: what a killed charon left in the kernel
gateway_forget() {
    ip -n "$(ns "$1")" xfrm state flush
    ip -n "$(ns "$1")" xfrm policy flush
    ip -n "$(ns "$1")" route flush table 220 2>/dev/null || true
    ip -n "$(ns "$1")" -6 route flush table 220 2>/dev/null || true
}

# gateway_silent on|off [NAMESPACE]: packets to it vanish
gateway_silent() {
    local name=${2:-gw}
    in_ns "$name" nft 'add table inet silent; delete table inet silent'
    [ "$1" = off ] || in_ns "$name" nft -f - <<'END'
table inet silent {
    chain in { type filter hook input priority -200
        udp dport { 500, 4500 } drop
        meta l4proto esp drop
    }
    chain out { type filter hook output priority -200
        udp sport { 500, 4500 } drop
        meta l4proto esp drop
    }
}
END
}

# gateway_unreachable on|off: a router on the way says that there is no way
gateway_unreachable() {
    in_ns inet nft 'add table inet nogw; delete table inet nogw'
    [ "$1" = off ] || in_ns inet nft -f - <<END
table inet nogw {
    chain forward { type filter hook forward priority -200
        ip daddr $GW_V4 reject with icmp host-unreachable
        ip6 daddr $GW_V6 reject with icmpv6 addr-unreachable
    }
}
END
}

# gateway_sas [NAMESPACE]: what the gateway says of its tunnels
gateway_sas() { gateway_vici "${1:-gw}" --list-sas 2>/dev/null; }

# gateway_log [NAMESPACE]: its log file
gateway_log() { echo "$LAB_DIR/${1:-gw}/charon.log"; }
