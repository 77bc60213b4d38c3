#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
#
# The other kinds of credentials: RSA on both sides, a folder of CA certificates, and none of the wrong ones in it.
# shellcheck source=../lib.sh
. "$(dirname "$0")/../lib.sh"

MVPN_LAB_LINKS=wlan0
scenario "RSA, and a folder of CA certificates"
mkdir -p "$LAB_DIR/handset/cas"
cp "$LAB_DIR/pki/other-ca.pem" "$LAB_DIR/pki/ca.pem" "$LAB_DIR/handset/cas/"
gateway_load rsa
mvpn_config "Tunnel.Certificate=$LAB_DIR/pki/client-rsa.pem" "Tunnel.PrivateKey=$LAB_DIR/pki/client-rsa.key" \
    "Tunnel.CACertificates=$LAB_DIR/handset/cas"
connect_up
carries "with RSA"
case $(status certificate.subject) in *handset-1.example.com*) pass "the certificate's subject is published" ;;
*) fail "the certificate's subject is not published: $(status certificate.subject)" ;; esac
