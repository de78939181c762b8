"""A name server on this machine.

monkeypatch.setattr(dns.resolver, "default_resolver", server.resolver())
"""

import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset


class NameServer:
    """Answers from `records` ({(name, type): [value, …]}); everything else does not exist. Notes what it was asked."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.asked: list[tuple[str, str]] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def resolver(self) -> dns.resolver.Resolver:
        made = dns.resolver.Resolver(configure=False)
        made.nameservers, made.port = ["127.0.0.1"], self._socket.getsockname()[1]
        return made

    def close(self) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while True:
            data, sender = self._socket.recvfrom(4096)
            if not data:
                return
            question = dns.message.from_wire(data)
            name, kind = str(question.question[0].name).rstrip("."), question.question[0].rdtype.name
            self.asked.append((name, kind))
            answer = dns.message.make_response(question)
            answer.flags |= dns.flags.RA
            if values := self.records.get((name, kind)):
                answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *values))
            elif not any(known == name for known, _ in self.records):
                answer.set_rcode(dns.rcode.NXDOMAIN)
            self._socket.sendto(answer.to_wire(), sender)
