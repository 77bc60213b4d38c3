# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""Package #0, by which a server asks a device for a session (OMA-TS-DM_Notification 1.2, 6.2): a digest over a trigger.

Sent again, it is a replay.
"""
import base64
import struct

import auth


def build(server_id, password, nonce, session, version=11, ui_mode=1, initiator=1):
    """10 bits of version, 2 of user interaction, 1 of initiator, 27 of nothing; session; the server's name with its length. nonce: base64.

    The text of 1.2 still wants the version to be 1.1 (6.2.2.6); servers that say 1.2 are many.
    """
    name = server_id.encode()
    head = (version << 30) | (ui_mode << 28) | (initiator << 27)
    trigger = head.to_bytes(5, "big") + struct.pack("!HB", session, len(name)) + name
    secret = auth.user_hash(server_id, password).encode()
    return auth.md5(secret + b":" + base64.b64decode(nonce) + b":" + auth.b64(auth.md5(trigger)).encode()) + trigger
