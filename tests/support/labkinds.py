# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""What the lab's probes and its recorder agree on: the tag in a payload, and the ports by which TCP probes are known.

A TCP SYN carries no payload, so each kind of TCP probe has a destination port of its own.
"""

import re

TAG = b"MVPN-PROBE kind="
TAG_PATTERN = re.compile(rb"MVPN-PROBE kind=([a-z0-9-]+)")
PROBE_NAME = b"\x0amvpn-probe"              # the first label of the names that DNS probes ask for

UDP_PORT = 21000
TCP_PORTS = {"tcp": 21001, "tcp-dev": 21002, "tcp-mark": 21003, "tcp-lan": 21004, "tcp-forward": 21005,
             "tcp-gateway": 443, "dns-tcp": 53, "dot": 853, "tcp-held": 7}
TCP_KINDS = {port: kind for kind, port in TCP_PORTS.items()}


def tag(kind):
    """the payload of a probe"""
    return TAG + kind.encode() + b" this packet must not be seen in the clear while the VPN is enabled\n"
