"""What a browser's page may have of the lab: never a script in the lab's origin.

A page on the internet can make a browser request any path of the lab, and the URL decides the content of some
paths. A handshake gets exactly the scenario's bytes. Another request gets nothing that a browser runs there: an
answer with a head has ``Content-Security-Policy: sandbox``, which takes the lab's origin from it, and
``nosniff``. A browser that would show or run exact bytes (Fetch Metadata) is refused.
"""

from __future__ import annotations

import re

from wsprobe.read.request import Request

SANDBOX = b"Content-Security-Policy: sandbox\r\nX-Content-Type-Options: nosniff\r\n"

_READ_ONLY = (b"", b"empty", b"websocket")
"""Values of Sec-Fetch-Dest whose bytes only a script gets, or nobody (W3C Fetch Metadata section 2.1)."""

_FINAL = rb"HTTP/1\.[01] [2-9][0-9]{2}(?: [^\r\n]*)?\r?\n"
"""The first line of an answer that every browser reads as the answer. After a 1xx it takes the next head."""

REFUSED = (
    "A browser would show or run this, and its bytes are the URL's. Open it as a WebSocket, or fetch it with a "
    "script or curl."
)


def handshake(asked: Request) -> bool:
    """True if *asked* is a WebSocket handshake of any version: no page can send another request like it."""
    return asked.upgrade or any(field.key.startswith(b"sec-websocket-") for field in asked.head.fields)


def for_service_worker(asked: Request) -> bool:
    """True if a browser fetches the script of a service worker, which would stay, and answer for the lab
    (Service Workers, the Service-Worker header field)."""
    return bool(asked.head.all(b"service-worker"))


def shows(asked: Request) -> bool:
    """True if a browser may show or run the answer: it says so; or it prefetches for a later page; or it sends
    no Fetch Metadata, as to an address that is not loopback, and asks for HTML."""
    if asked.head.all(b"sec-purpose") or asked.first(b"purpose").lower() == b"prefetch":
        return True
    if asked.head.all(b"sec-fetch-dest"):
        return any(field.value.lower() not in _READ_ONLY for field in asked.head.all(b"sec-fetch-dest"))
    return b"text/html" in asked.first(b"accept").lower()


def sandboxed(answer: bytes) -> bytes:
    """*answer* with the fields of SANDBOX below its first line: no byte can end the head before them."""
    first = answer.find(b"\n") + 1
    return answer[:first] + SANDBOX + answer[first:] if answer.startswith(b"HTTP/") and first else answer


def kept_by_sandbox(answer: bytes) -> bool:
    """True if every browser reads the fields of SANDBOX in ``sandboxed(answer)``."""
    return re.match(_FINAL, answer) is not None


def own_answer(status: str, kind: str, body: bytes, policy: str = "sandbox") -> bytes:
    """An answer of the lab's own. *policy*: its Content-Security-Policy, "" for none."""
    head = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {kind}; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        "Referrer-Policy: no-referrer",
        "Connection: close",
        *([f"Content-Security-Policy: {policy}"] if policy else []),
    ]
    return "".join(f"{line}\r\n" for line in head).encode("latin-1") + b"\r\n" + body
