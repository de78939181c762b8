"""A witness as the C2SP texts describe it (tlog-witness, tlog-cosignature), with rules and storage of its own, and one that lies.

It takes no line from the site: its tree, notes and signatures are its own.
"""

import http.server
import struct
import threading
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from pledge.core import clock


def hashed(*parts):
    return sha256(b"\1" + b"".join(parts)).digest()


def continues(old, old_root, size, root, proof):
    """RFC 9162, section 2.1.4.2, word for word."""
    if old == size:
        return not proof and old_root == root
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    fn, sn = old - 1, size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    if not path:
        return False
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = hashed(c, fr), hashed(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = hashed(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return fr == old_root and sr == root and sn == 0


class Witness:
    """Serves at `url`. What it knows of logs is in `keys` (by origin) and `seen` (size and root by origin)."""

    def __init__(self, name: str, url: str = "") -> None:
        self.name, self.url = name, url
        self.private = Ed25519PrivateKey.generate()
        self.kind = b"\4"
        self.keys: dict[str, list[str]] = {}
        self.seen: dict[str, tuple[int, bytes]] = {}
        self.asked = 0
        #: Answers in its place, as one that lies: `lie(body)` returns status and body.
        self.lie = None

    @property
    def data(self) -> bytes:
        return self.kind + self.private.public_key().public_bytes_raw()

    @property
    def key_id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + self.data).digest()[:4]

    @property
    def key(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64encode(self.data).decode()}"

    def knows(self, *verifiers: str) -> None:
        for verifier in verifiers:
            self.keys.setdefault(verifier.split("+")[0], []).append(verifier)

    def cosign(self, text: str, at: int | None = None) -> str:
        at = int(clock.now().timestamp()) if at is None else at
        signature = self.private.sign(f"cosignature/v1\ntime {at}\n{text}".encode())
        data = self.key_id + struct.pack(">Q", at) + signature
        return f"\u2014 {self.name} {b64encode(data).decode()}\n"

    def add(self, body: bytes) -> tuple[int, str]:
        head, _, note = body.decode().partition("\n\n")
        old, *proof = head.split("\n")
        old = int(old.removeprefix("old "))
        text, _, lines = note.rpartition("\n\n")
        text += "\n"
        origin, size, root = text.split("\n")[:3]
        size, root = int(size), b64decode(root)
        if origin not in self.keys:
            return 404, "unknown log\n"
        if not any(self.is_signed(key, text, lines) for key in self.keys[origin]):
            return 403, "no signature\n"
        if old > size:
            return 400, "old is larger\n"
        known, known_root = self.seen.get(origin, (0, sha256().digest()))
        if old != known:
            return 409, f"{known}\n"
        if old == size and root != known_root:
            return 409, f"{known}\n"
        if known and not continues(known, known_root, size, root, list(map(b64decode, proof))):
            return 422, "bad proof\n"
        self.seen[origin] = (size, root)
        return 200, self.cosign(text)

    @staticmethod
    def is_signed(key: str, text: str, lines: str) -> bool:
        name, key_id, data = key.split("+", 2)
        for line in lines.splitlines():
            _, by, signed = line.split(" ")
            signed = b64decode(signed)
            if (by, signed[:4].hex()) == (name, key_id):
                try:
                    public = Ed25519PublicKey.from_public_bytes(b64decode(data)[1:])
                    public.verify(signed[4:], text.encode())
                except InvalidSignature:
                    return False
                return True
        return False


@contextmanager
def served(witness: Witness) -> Iterator[Witness]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            witness.asked += 1
            status, answer = (
                (witness.lie or witness.add)(body) if self.path == "/add-checkpoint" else (404, "")
            )
            self.send_response(status)
            if status == 409:
                self.send_header("Content-Type", "text/x.tlog.size")
            self.send_header("Content-Length", str(len(answer.encode())))
            self.end_headers()
            self.wfile.write(answer.encode())

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        witness.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield witness
        finally:
            server.shutdown()


def policy(witnesses: list[Witness], needed: str = "all") -> str:
    lines = [f"witness {witness.name} {witness.key} {witness.url}" for witness in witnesses]
    names = " ".join(witness.name for witness in witnesses)
    return "\n".join(
        ["# The witnesses of these tests", *lines, f"group these {needed} {names}", "quorum these\n"]
    )
