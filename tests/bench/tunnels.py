# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The mvpn authors
"""Tunnels of the same kind at both ends, for the benches of the data path: two network namespaces joined by a veth of MTU 1500, one
process at each end. A kind decides what runs there and nothing else; addresses, names and cleaning up are the same for all. Every name
begins with the prefix of one run; nothing outlives stop().
"""

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

OUTER = {"a": "192.0.2.1", "b": "192.0.2.2"}
INNER = {"a": "10.77.0.1", "b": "10.77.0.2"}
OTHER = {"a": "b", "b": "a"}
SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MVPN_BUILD", SOURCE / "build"))


def run(*argv, **options):
    return subprocess.run([str(word) for word in argv], check=True, text=True, capture_output=True, **options).stdout


def until(seconds, condition, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} not within {seconds} s")
        time.sleep(0.05)


def raise_priority(nice):
    """Of this process and its children. Where the scheduler groups sessions, a nice value only counts within one, so ours gets its own."""
    if nice == 0:
        return
    if os.getsid(0) != os.getpid():
        os.execvp("setsid", ["setsid", "--wait", sys.executable, *sys.argv])
    os.setpriority(os.PRIO_PROCESS, 0, nice)
    if os.path.exists("/proc/self/autogroup"):
        with open("/proc/self/autogroup", "w", encoding="ascii") as group:
            group.write(str(nice))


class Tunnel:
    """Two namespaces and the wire; without a tunnel: the plain veth, which is the bound."""

    name, note = "veth", "no tunnel, no cryptography: the bound"
    inner = OUTER

    def __init__(self, prefix):
        self.prefix, self.processes, self.folder = prefix, {}, None
        self.under = lambda side: []  # a program, with its arguments, that runs the end's

    def ns(self, side):
        return f"{self.prefix}-{self.name}-{side}"

    def ip(self, side, *words):
        return run("ip", "-n", self.ns(side), *words)

    def inside(self, side, *argv):
        return ["ip", "netns", "exec", self.ns(side), *[str(word) for word in argv]]

    def spawn(self, side, *argv, **environment):
        """The process of one end, with an empty /run of its own; its pid is that of the program."""
        with open(self.folder / f"{side}.log", "ab") as log:
            # pylint: disable=consider-using-with
            self.processes[side] = subprocess.Popen(
                self.inside(side, "sh", "-c", 'mount -t tmpfs tmpfs /run && exec "$@"', "sh", *self.under(side), *argv),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **environment})

    def wire(self):
        for side in "ab":
            run("ip", "netns", "add", self.ns(side))
            run(*self.inside(side, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"))
        self.ip("a", "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", self.ns("b"))
        for side in "ab":
            self.ip(side, "addr", "add", f"{OUTER[side]}/24", "dev", "wire")
            self.ip(side, "link", "set", "wire", "up")
            self.ip(side, "link", "set", "lo", "up")

    def set_wire(self, name):
        """
        "whole": as veth is: trains of UDP_SEGMENT pass uncut, as TCP's do. "cut": they are cut before the wire and nothing joins them behind it, as
        with the poorest network card. "cut-gro": joined again, as with a usual one. veth does GRO only for what comes without TSO, so that GRO alone
        would change nothing.
        """
        cut = "on" if name == "whole" else "off"
        for side in "ab":
            run(*self.inside(side, "ethtool", "-K", "wire", "gro", "on" if name == "cut-gro" else "off", "tx-udp-segmentation", cut, "tso", cut))

    def device(self, side, name, mtu):
        """What the ends' devices have in common: addresses, and a route that is the peer's."""
        self.ip(side, "addr", "add", INNER[side], "peer", INNER[OTHER[side]], "dev", name)
        self.ip(side, "link", "set", name, "mtu", str(mtu), "up")

    def has_device(self, side, name):
        return subprocess.run(["ip", "-n", self.ns(side), "link", "show", name], capture_output=True, check=False).returncode == 0

    @classmethod
    def is_there(cls):
        """Can this build measure it?"""
        return True

    def launch(self):
        """What a kind does of its own."""

    def start(self):
        # pylint: disable=consider-using-with
        self.temporary = tempfile.TemporaryDirectory(prefix=f"{self.prefix}-{self.name}-")
        self.folder = pathlib.Path(self.temporary.name)
        self.wire()
        self.launch()
        until(20, self.answers, f"{self.name}: an answer through the tunnel")
        return self

    def answers(self):
        return subprocess.run(self.inside("a", "ping", "-q", "-c1", "-W1", self.inner["b"]), capture_output=True, check=False).returncode == 0

    def listens(self, side, port):
        return f":{port} " in run(*self.inside(side, "ss", "-Htln"))

    def logs(self):
        return "".join(f"-- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in sorted(self.folder.glob("*.log")))

    def stop(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for side in "ab":
            subprocess.run(["ip", "netns", "del", self.ns(side)], capture_output=True, check=False)
        if self.folder:
            self.temporary.cleanup()


class Relay(Tunnel):
    name, note = "relay", "TUN to UDP and back, one packet a call, no cryptography: the floor of any tunnel in user space"
    inner = INNER

    def launch(self):
        for side in "ab":
            self.spawn(side, BUILD / "tests/bench-relay", "relay0", OUTER[side], OUTER[OTHER[side]])
        for side in "ab":
            until(10, lambda side=side: self.has_device(side, "relay0"), "relay0")
            self.device(side, "relay0", 1472)


class Esp(Tunnel):
    name, note = "esp", "mvpnd's data path with static keys, AES-256-GCM as this build does it, MTU 1438"
    inner = INNER
    options = []

    def launch(self):
        for side in "ab":
            self.spawn(side, BUILD / "tests/bench-esp-peer", side, "mvpn0", OUTER[side], OUTER[OTHER[side]], INNER[side], INNER[OTHER[side]],
                       *self.options)
        for side in "ab":
            until(10, lambda side=side: self.has_device(side, "mvpn0"), "mvpn0")
            self.device(side, "mvpn0", 1438)
            # as mvpnd sets it: a frame with what ESP adds must fit one UDP_SEGMENT send
            self.ip(side, "link", "set", "mvpn0", "gso_max_size", "60000")


class EspOpenssl(Esp):
    name, note = "esp-openssl", "the same with AES-256-GCM by OpenSSL, where the build has something faster (libipsec-mb)"
    options = ["openssl"]

    @classmethod
    def is_there(cls):
        return subprocess.run([BUILD / "tests/bench-esp-peer", "engine"], check=False).returncode == 0


class KernelEsp(Tunnel):
    name, note = "kernel-esp", "the kernel's ESP in UDP with static keys and an XFRM interface, AES-256-GCM, MTU 1438: mvpnd's other data path"
    inner = INNER

    @classmethod
    def is_there(cls):
        """Is an ESP state of this kind accepted? In a namespace of its own."""
        attempt = ["unshare", "-n", "ip", *cls.state("a", "b", "00" * 36)]
        return subprocess.run(attempt, capture_output=True, check=False).returncode == 0

    @staticmethod
    def state(source, target, key):
        return ["xfrm", "state", "add", "src", OUTER[source], "dst", OUTER[target], "proto", "esp", "spi", "0x1001" if source == "a" else "0x1002",
                "reqid", "1", "mode", "tunnel", "if_id", "1", "replay-window", "32", "aead", "rfc4106(gcm(aes))", f"0x{key}", "128",
                "encap", "espinudp", "4500", "4500", "0.0.0.0"]

    def launch(self):
        keys = {side: os.urandom(36).hex() for side in "ab"}
        for side in "ab":
            # decapsulation hangs on a socket that has asked for it; the program that holds it does nothing else
            self.spawn(side, sys.executable, "-c", ESP_IN_UDP, OUTER[side])
            for source, target in ("ab", "ba"):
                self.ip(side, *self.state(source, target, keys[source]))
            for way, source, target in (("out", side, OTHER[side]), ("in", OTHER[side], side)):
                self.ip(side, "xfrm", "policy", "add", "src", INNER[source], "dst", INNER[target], "dir", way, "if_id", "1", "tmpl",
                        "src", OUTER[source], "dst", OUTER[target], "proto", "esp", "reqid", "1", "mode", "tunnel")
            self.ip(side, "link", "add", "mvpn0", "type", "xfrm", "dev", "wire", "if_id", "1")
            self.device(side, "mvpn0", 1438)


ESP_IN_UDP = """import signal, socket, sys
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.setsockopt(socket.IPPROTO_UDP, 100, 2)    # UDP_ENCAP, UDP_ENCAP_ESPINUDP: linux/udp.h
udp.bind((sys.argv[1], 4500))
signal.pause()
"""


class WireguardGo(Tunnel):
    name, note = "wireguard-go", "Debian's wireguard-go, ChaCha20-Poly1305, MTU 1420"
    inner = INNER

    @classmethod
    def is_there(cls):
        return all(shutil.which(program) for program in ("wireguard-go", "wg"))

    def tool(self, side, *argv, **options):
        """In the process's own mount namespace, where its control socket is."""
        return run("nsenter", "-t", self.processes[side].pid, "-m", "-n", *argv, **options).strip()

    def launch(self):
        private = {side: run("wg", "genkey").strip() for side in "ab"}
        public = {side: run("wg", "pubkey", input=private[side]).strip() for side in "ab"}
        for side in "ab":
            # the option -f alone does not keep it from naming the kernel's module on a terminal
            self.spawn(side, "wireguard-go", "-f", "wg0", WG_PROCESS_FOREGROUND="1", LOG_LEVEL="error")
        for side in "ab":
            until(10, lambda side=side: self.has_device(side, "wg0"), "wg0")
            until(10, lambda side=side: self.tool(side, "sh", "-c", "ls /run/wireguard 2>/dev/null || true"), "wireguard-go's socket")
            config = self.folder / f"{side}.conf"
            config.write_text(
                f"[Interface]\nListenPort = 51820\nPrivateKey = {private[side]}\n[Peer]\nPublicKey = {public[OTHER[side]]}\n"
                f"AllowedIPs = {INNER[OTHER[side]]}/32\nEndpoint = {OUTER[OTHER[side]]}:51820\n")
            self.tool(side, "wg", "setconf", "wg0", config)
            self.device(side, "wg0", 1420)


CHARON = """charon-systemd {{
    load = random nonce openssl pem kdf hmac sha1 sha2 kernel-libipsec kernel-netlink socket-default vici
    syslog {{ daemon {{ default = -1 }} }}
    filelog {{ log {{ path = {folder}/{side}.log
        default = 1 }} }}
    plugins {{ vici {{ socket = unix://{folder}/{side}.vici }} }}
}}
swanctl {{ load = random openssl
    socket = unix://{folder}/{side}.vici
}}
"""

SWANCTL = """connections {{ ends {{
    version = 2
    local_addrs = {outer}
    remote_addrs = {peer_outer}
    proposals = aes256gcm16-prfsha384-ecp384
    rekey_time = 0
    local {{ auth = psk
        id = {side}.example.com }}
    remote {{ auth = psk
        id = {peer}.example.com }}
    children {{ net {{
        esp_proposals = aes256gcm16
        local_ts = {inner}/32
        remote_ts = {peer_inner}/32
        rekey_time = 0
    }} }}
}} }}
secrets {{ ike-ends {{ secret = {secret} }} }}
"""


class Libipsec(Tunnel):
    name, note = "libipsec", "Debian's charon with kernel-libipsec, AES-256-GCM, MTU 1400 (its default)"
    inner = INNER

    def settings(self, side):
        return {"STRONGSWAN_CONF": str(self.folder / f"{side}.strongswan"), "SWANCTL_DIR": str(self.folder / side)}

    def swanctl(self, side, *words):
        return run(*self.inside(side, "swanctl", *words), env={**os.environ, **self.settings(side)})

    def configure(self, side, secret):
        words = {"folder": self.folder, "side": side, "peer": OTHER[side], "outer": OUTER[side], "peer_outer": OUTER[OTHER[side]],
                 "inner": INNER[side], "peer_inner": INNER[OTHER[side]], "secret": secret}
        (self.folder / side).mkdir()
        (self.folder / f"{side}.strongswan").write_text(CHARON.format(**words))
        (self.folder / side / "swanctl.conf").write_text(SWANCTL.format(**words))

    def launch(self):
        secret = "0x" + os.urandom(32).hex()
        for side in "ab":
            self.configure(side, secret)
            self.ip(side, "addr", "add", f"{INNER[side]}/32", "dev", "lo")
            self.spawn(side, "/usr/sbin/charon-systemd", **self.settings(side))
        for side in "ab":
            until(20, (self.folder / f"{side}.vici").is_socket, "charon's socket")
            self.swanctl(side, "--load-all", "--noprompt")
        self.swanctl("a", "--initiate", "--child", "net", "--timeout", "20")


KINDS = {kind.name: kind for kind in (Tunnel, Relay, Esp, EspOpenssl, KernelEsp, Libipsec, WireguardGo)}
