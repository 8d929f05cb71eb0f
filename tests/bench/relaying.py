"""Bytes through `wsprobe relay`, and through the least that a relay on trio can be: one that copies them.

The server echoes bytes; the client sends frames of one size and reads as many bytes back. Each runs in a
process of its own. Ratios of time, and of the relay's processor time (user and system), below 1.5 are meant.
"""

import re
import socket
import sys
import threading
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from measure import Run, compare, processor_of
from programs import printing

ROUNDS = 6
SIZES = {16: 8, 1024: 64, 65536: 128}
"""Payload of a frame -> MiB that are sent."""
COPYING = "a relay on trio that copies"
TURNS = 3000
"""Small messages, each sent when the one before came back."""

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
ECHO = """
import socket, threading
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
def serve(stream):
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with stream:
        while b"\\r\\n\\r\\n" not in stream.recv(65536):
            pass
        stream.sendall(b"HTTP/1.1 101 Switching Protocols\\r\\n"
                       b"Upgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
                       b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\\r\\n\\r\\n")
        while data := stream.recv(1 << 18):
            stream.sendall(data)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""
BARE = """
import sys, trio
async def copied(come, go):
    while data := await come.receive_some(65536):
        await go.send_all(data)
    await go.send_eof()
async def serve(client):
    server = await trio.open_tcp_stream("127.0.0.1", int(sys.argv[1]))
    async with client, server, trio.open_nursery() as nursery:
        nursery.start_soon(copied, client, server)
        nursery.start_soon(copied, server, client)
async def main():
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    print(listeners[0].socket.getsockname()[1], flush=True)
    await trio.serve_listeners(serve, listeners)
trio.run(main)
"""


@contextmanager
def running(*command):
    """Run a program that prints where it listens; its process id and port."""
    with printing(*command) as (process, line):
        yield process.pid, int(line.strip().rstrip("/").rpartition(":")[2])


def opened(port):
    stream = socket.create_connection(("127.0.0.1", port))
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream.sendall(REQUEST)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += stream.recv(1)
    return stream


def frame(size):
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2) if size < 65536 else b""
    return b"\x82" + (length or b"\xff" + size.to_bytes(8)) + b"mask" + b"x" * size


def flood(port, size, total):
    """Send *total* bytes of frames, and read as many back."""
    piece = frame(size) * max(1, (1 << 18) // size)
    pieces = max(1, total // len(piece))
    with opened(port) as stream:
        sending = threading.Thread(target=lambda: [stream.sendall(piece) for _ in range(pieces)])
        sending.start()
        left = pieces * len(piece)
        while left:
            data = stream.recv(1 << 18)
            assert data
            left -= len(data)
        sending.join()


def turns(port):
    """Send TURNS small messages, each once the one before came back."""
    message = frame(16)
    with opened(port) as stream:
        for _ in range(TURNS):
            stream.sendall(message)
            left = len(message)
            while left:
                left -= len(stream.recv(left))


def taken(pid, port, work, *arguments):
    """What *work* takes through the relay *pid*, on *port*; processor and memory are the relay's."""
    started, processor = time.perf_counter(), processor_of(pid)
    work(port, *arguments)
    seconds, processor = time.perf_counter() - started, processor_of(pid) - processor
    peak = int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024
    return Run(seconds, processor, peak, processor)


def main():
    works = {
        f"frames of {size} bytes, {mebibytes} MiB": (flood, size, mebibytes << 20)
        for size, mebibytes in SIZES.items()
    }
    works[f"{TURNS} messages, one after the other"] = (turns,)
    with (
        running(sys.executable, "-c", ECHO) as (_, port),
        running(sys.executable, "-m", "wsprobe", "relay", "--silent", f"ws://127.0.0.1:{port}/") as own,
        running(sys.executable, "-c", BARE, str(port)) as bare,
    ):
        for title, work in works.items():
            relays = {"wsprobe relay": partial(taken, *own, *work), COPYING: partial(taken, *bare, *work)}
            compare(f"{title}, through a relay and back", relays, spread=True, against=COPYING, rounds=ROUNDS)


if __name__ == "__main__":
    main()
