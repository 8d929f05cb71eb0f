"""A server that says what a test tells it to, and keeps what it was asked."""

import contextlib
import re
import socket
import threading


class Site:
    """A server that answers one request after another with what it was told, and keeps what it was asked."""

    def __init__(self):
        self.asked = []
        self.answers = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def refuse(self):
        self.answers.append(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")

    def answer(self, status, *fields):
        head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", *fields, "Content-Length: 0", ""))
        self.answers.append(head.encode())

    def sent(self, name):
        """The value of this field in each request, None where it has none."""
        found = (re.search(rf"(?im)^{name}: *(.*?)\r$", asked.decode("latin-1")) for asked in self.asked)
        return [None if match is None else match[1] for match in found]

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                stream, _ = self._socket.accept()
                with stream:
                    data = b""
                    while b"\r\n\r\n" not in data and (piece := stream.recv(65536)):
                        data += piece
                    self.asked.append(data)
                    stream.sendall(self.answers.pop(0))

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)
