"""A mail server that takes everything and keeps nothing, in a process of its own; it answers how fast mails came.

bench/sink.py PORT. Besides SMTP it knows `XCOUNT` (how many mails, and the moments of the first and the last) and
`XRESET`.
"""

import asyncio
import sys
import time

END = b"\r\n.\r\n"


class Received:
    count = 0
    first = last = 0.0


class Session(asyncio.Protocol):
    """SMTP as far as the site speaks it. `on_mail` gets each mail: its recipient's command, and its text as it came."""

    def __init__(self, on_mail=None):
        self.on_mail, self.recipient = on_mail, b""

    def connection_made(self, transport):
        self.transport, self.waiting, self.in_data = transport, b"", False
        transport.write(b"220 sink\r\n")

    def data_received(self, data):
        self.waiting += data
        while True:
            line, end, rest = self.waiting.partition(END if self.in_data else b"\r\n")
            if not end:
                return
            self.waiting = rest
            self.transport.write(self.receive(line) if self.in_data else self.reply(line))

    def reply(self, line):
        word = line[:4].upper()
        if word == b"RCPT":
            self.recipient = line
        if word == b"DATA":
            self.in_data = True
            return b"354 go on\r\n"
        if word == b"XCOU":
            return f"250 {Received.count} {Received.first} {Received.last}\r\n".encode()
        if word == b"XRES":
            Received.count = 0
        return b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n"

    def receive(self, mail):
        self.in_data = False
        if self.on_mail is not None:
            self.on_mail(self.recipient, mail)
        Received.last = time.monotonic()
        if not Received.count:
            Received.first = Received.last
        Received.count += 1
        return b"250 taken\r\n"


async def main(port):
    server = await asyncio.get_running_loop().create_server(Session, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
