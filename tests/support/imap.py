"""A small IMAP server (RFC 3501) with one mailbox: the few commands that reading it takes, and some ways to fail."""

import re
import socketserver
import threading
from dataclasses import dataclass, field
from typing import Self

#: Seconds that it says nothing, where it is to hang.
HANGS_FOR = 30


@dataclass
class ImapServer:
    messages: dict[int, bytes] = field(default_factory=dict)
    #: Commands that are answered with NO.
    refuses: frozenset[str] = frozenset()
    #: Never reply to this command.
    hangs_at: str = ""
    seen: list[str] = field(default_factory=list)
    deleted: set[int] = field(default_factory=set)

    def __enter__(self) -> Self:
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.wfile.write(b"* OK ready\r\n")
                for line in self.rfile:
                    if not outer.answer(self.wfile.write, line.decode().strip()):
                        return

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"imap://reader:secret@127.0.0.1:{self._server.server_address[1]}/INBOX"

    def answer(self, write, line: str) -> bool:
        """Answer one command; False to hang up."""
        tag, _, command = line.partition(" ")
        name = re.sub(" .*", "", command.removeprefix("UID "))
        self.seen.append(name)
        if name == self.hangs_at:
            threading.Event().wait(HANGS_FOR)
        if name in self.refuses:
            write(f"{tag} NO refused\r\n".encode())
            return True
        write(getattr(self, f"on_{name.lower()}", lambda _command: b"")(command))
        write(f"{tag} OK done\r\n".encode())
        return name != "LOGOUT"

    def on_capability(self, _command: str) -> bytes:
        return b"* CAPABILITY IMAP4rev1\r\n"

    def on_select(self, _command: str) -> bytes:
        return f"* {len(self.messages)} EXISTS\r\n".encode()

    def on_search(self, command: str) -> bytes:
        left_out = self.deleted if "UNDELETED" in command else set()
        return f"* SEARCH {' '.join(str(uid) for uid in self.messages if uid not in left_out)}\r\n".encode()

    def on_fetch(self, command: str) -> bytes:
        uid, size = map(int, re.findall(r"FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", command)[0])
        content = self.messages[uid][:size]
        return f"* 1 FETCH (UID {uid} BODY[]<0> {{{len(content)}}}\r\n".encode() + content + b")\r\n"

    def on_store(self, command: str) -> bytes:
        self.deleted.add(int(command.split()[2]))
        return b""

    def on_expunge(self, _command: str) -> bytes:
        for uid in self.deleted:
            self.messages.pop(uid, None)
        return b""

    def on_logout(self, _command: str) -> bytes:
        return b"* BYE\r\n"
