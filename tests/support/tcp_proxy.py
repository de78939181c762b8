"""A bad network between a program and a server on this machine: it delays, cuts, resets, or lets no answer through.

with TcpProxy(server.port) as proxy:
    connect_to(proxy.port)
    proxy.behave(delay=0.2)
    proxy.reset()
"""

import asyncio
import socket
import struct
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from tests.support.run import free_port
from tests.support.waiting import TEST_TIMEOUT

CHUNK = 64 * 1024


@dataclass(frozen=True)
class Behaviour:
    #: Seconds that each piece takes, in both directions.
    delay: float = 0
    #: The server hears what is said, and nothing of what it answers arrives: the connection is half open.
    half_open: bool = False
    #: New connections are refused.
    refuses: bool = False


class TcpProxy:
    def __init__(self, server_port: int) -> None:
        self.port = free_port()
        self._server_port = server_port
        self._behaviour = Behaviour()
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def behave(self, *, delay: float = 0, half_open: bool = False, refuses: bool = False) -> None:
        """From now on, for connections that are open too; without words, as a good network."""
        self._behaviour = Behaviour(delay, half_open, refuses)

    def cut(self) -> None:
        """End every connection as if the other side had hung up (FIN)."""
        self._call(self._end(reset=False))

    def reset(self) -> None:
        """End every connection as if the other side had crashed (RST)."""
        self._call(self._end(reset=True))

    def _call(self, work) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(TEST_TIMEOUT)

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self.port)

    async def _stop(self) -> None:
        self._server.close()
        await self._end(reset=True)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _end(self, *, reset: bool) -> None:
        for writer in self._open.copy():
            if reset and not writer.is_closing():
                # A close with unsent data thrown away is a reset.
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._behaviour.refuses:
                raise ConnectionRefusedError
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, server_writer}
        self._open |= ends
        try:
            await asyncio.gather(
                self._pass(reader, server_writer, is_answer=False),
                self._pass(server_reader, writer, is_answer=True),
            )
        finally:
            self._open -= ends
            for end in ends:
                end.close()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        with suppress(OSError):
            while piece := await reader.read(CHUNK):
                if self._behaviour.delay:
                    await asyncio.sleep(self._behaviour.delay)
                if is_answer and self._behaviour.half_open:
                    continue
                writer.write(piece)
                await writer.drain()
        writer.close()
