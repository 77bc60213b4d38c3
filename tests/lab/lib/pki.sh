# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The lab's certification authority, made anew for every lab: good certificates and one for each way to be wrong.
# In $LAB_DIR/pki: ca.pem; NAME.pem and NAME.key for each name below; www/ca.crl, which the CA's web server offers.
#
#  gateway gateway2           good, ECDSA, CRL distribution point     client client-rsa    good
#  gateway-rsa                good, RSA                               client-expired       ended yesterday
#  gateway-ocsp               good, OCSP instead of a CRL             client-future        begins in a year
#  gateway-nocrl              names a CRL that does not exist         client-revoked       on the CRL
#  gateway-expired            ended yesterday                         client-other         signed by another CA
#  gateway-revoked            on the CRL                              other-ca, gateway-other: the other CA, its gateway
#  gateway-ocsp-revoked       revoked, said by OCSP
#  gateway-identity           names another host

pki_config() {
    cat <<END
[ca]
default_ca = lab
[lab]
dir = $LAB_DIR/pki/ca
database = \$dir/index.txt
new_certs_dir = \$dir/certs
serial = \$dir/serial
crlnumber = \$dir/crlnumber
default_md = sha256
default_days = 730
default_crl_days = 7
crl_extensions = crl
unique_subject = no
policy = any
x509_extensions = client
[any]
organizationName = optional
commonName = supplied
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[crl]
authorityKeyIdentifier = keyid:always
[client]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = clientAuth
authorityKeyIdentifier = keyid
subjectAltName = \${ENV::SAN}
[gateway]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
authorityKeyIdentifier = keyid
subjectAltName = \${ENV::SAN}
crlDistributionPoints = URI:http://crl.example.com/ca.crl
[gateway_nocrl]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
authorityKeyIdentifier = keyid
subjectAltName = \${ENV::SAN}
crlDistributionPoints = URI:http://crl.example.com/none.crl
[gateway_ocsp]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
authorityKeyIdentifier = keyid
subjectAltName = \${ENV::SAN}
authorityInfoAccess = OCSP;URI:http://ocsp.example.com/
[ocsp]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = OCSPSigning
authorityKeyIdentifier = keyid
noCheck = yes
END
}

# pki_key NAME [rsa]: a private key
pki_key() {
    if [ "${2:-}" = rsa ]; then
        openssl genrsa -out "$1.key" 2048 2>/dev/null
    else
        openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
    fi
    chmod 0600 "$1.key"
}

# pki_issue NAME EXTENSIONS CN SAN [rsa] [DATES…]: a key and a certificate of the lab's CA
pki_issue() {
    local name=$1 ext=$2 cn=$3 san=$4 kind=$5
    shift 5
    pki_key "$name" "$kind"
    openssl req -new -config ca/openssl.cnf -key "$name.key" -subj "/O=Example/CN=$cn" -out "ca/$name.csr"
    SAN=$san openssl ca -batch -notext -config ca/openssl.cnf -cert ca.pem -keyfile ca.key -extensions "$ext" \
        -in "ca/$name.csr" -out "$name.pem" "$@" 2>"ca/$name.log" || die "certificate $name: $(cat "ca/$name.log")"
}

pki_root() {
    local name=$1 cn=$2
    pki_key "$name"
    openssl req -x509 -new -config ca/openssl.cnf -extensions root -key "$name.key" -subj "/O=Example/CN=$cn" \
        -days 3650 -out "$name.pem"
}

# pki_crl: sign the list of the revoked anew; other tests may revoke more first by pki_revoke
pki_crl() {
    (cd "$LAB_DIR/pki" && mkdir -p www &&
        SAN='' openssl ca -config ca/openssl.cnf -cert ca.pem -keyfile ca.key -gencrl -out ca/crl.pem 2>/dev/null &&
        openssl crl -in ca/crl.pem -outform DER -out www/ca.crl.new && mv www/ca.crl.new www/ca.crl)
}

# pki_revoke NAME…: revoke certificates; call pki_crl afterwards
pki_revoke() {
    local name
    for name; do
        (cd "$LAB_DIR/pki" && SAN='' openssl ca -config ca/openssl.cnf -cert ca.pem -keyfile ca.key \
            -revoke "$name.pem" -crl_reason keyCompromise 2>/dev/null) || die "cannot revoke $name"
    done
}

# pki_gateway NAME EXTENSIONS HOST [KIND [DATES…]]
pki_gateway() {
    local name=$1 ext=$2 host=$3 kind=${4:-}
    shift $(($# > 4 ? 4 : $#))
    pki_issue "$name" "$ext" "$host" "DNS:$host" "$kind" "$@"
}

# pki_client NAME [KIND [DATES…]]: every client is the same handset to the gateway, whatever its certificate
pki_client() {
    local name=$1 kind=${2:-}
    shift $(($# > 2 ? 2 : $#))
    pki_issue "$name" client handset-1.example.com DNS:handset-1.example.com "$kind" "$@"
}

# lab_pki: the lab's certificates; made on the spot, or those of MVPN_LAB_PKI, which lab_pki made for another lab
lab_pki() {
    [ -n "$MVPN_LAB_PKI" ] || { pki_make; return; }
    cp -a "$MVPN_LAB_PKI/." "$LAB_DIR/pki/" && pki_config >"$LAB_DIR/pki/ca/openssl.cnf"
}

# in a subshell: it works inside the folder of keys
pki_make() (
    local past_from past_to future_from future_to
    past_from=$(date -u -d '-30 days' +%Y%m%d%H%M%SZ)
    past_to=$(date -u -d '-1 day' +%Y%m%d%H%M%SZ)
    future_from=$(date -u -d '+365 days' +%Y%m%d%H%M%SZ)
    future_to=$(date -u -d '+730 days' +%Y%m%d%H%M%SZ)
    cd "$LAB_DIR/pki" || die "no folder for keys"
    mkdir -p ca/certs www
    : >ca/index.txt
    echo 01 >ca/serial
    echo 01 >ca/crlnumber
    pki_config >ca/openssl.cnf
    export SAN=
    pki_root ca "Example Root CA"
    pki_gateway gateway gateway $GW_NAME
    pki_gateway gateway2 gateway $GW2_NAME
    pki_gateway gateway-rsa gateway $GW_NAME rsa
    pki_gateway gateway-ocsp gateway_ocsp $GW_NAME
    pki_gateway gateway-ocsp-revoked gateway_ocsp $GW_NAME
    pki_gateway gateway-nocrl gateway_nocrl $GW_NAME
    pki_gateway gateway-identity gateway other.example.com
    pki_gateway gateway-revoked gateway $GW_NAME
    pki_gateway gateway-expired gateway $GW_NAME '' -startdate "$past_from" -enddate "$past_to"
    pki_client client
    pki_client client-rsa rsa
    pki_client client-revoked
    pki_client client-expired '' -startdate "$past_from" -enddate "$past_to"
    pki_client client-future '' -startdate "$future_from" -enddate "$future_to"
    pki_issue ocsp ocsp "Example OCSP" DNS:ocsp.example.com ''
    pki_revoke gateway-revoked gateway-ocsp-revoked client-revoked
    pki_crl
    pki_other_ca
)

# pki_other_ca: another CA of which nobody here has heard, with a gateway and a client
pki_other_ca() {
    local name
    pki_root other-ca "Other Root CA"
    for name in gateway-other:$GW_NAME client-other:handset-1.example.com; do
        pki_key "${name%%:*}"
        openssl req -new -config ca/openssl.cnf -key "${name%%:*}.key" -subj "/O=Example/CN=${name##*:}" |
            SAN=DNS:${name##*:} openssl x509 -req -CA other-ca.pem -CAkey other-ca.key -days 30 \
                -extfile ca/openssl.cnf -extensions "${name%%-*}" -set_serial $RANDOM -out "${name%%:*}.pem" 2>/dev/null
    done
}
