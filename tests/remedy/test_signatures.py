"""Who answered: the marks of answers as servers really sent them, and of those that only look alike."""

from __future__ import annotations

import pytest

from wsprobe import opening, target
from wsprobe.exchange import Ended, Exchange, Plan, Received, Sent
from wsprobe.read import read
from wsprobe.remedy.advice import signature
from wsprobe.remedy.signatures import Signature

PLAIN = "content-type: text/plain; charset=utf-8"
ANSWERS: dict[str, tuple[str | None, str, list[str], str]] = {
    "uvicorn, websockets": (
        "uvicorn",
        "403 Forbidden",
        ["Date: now", "Connection: close", "Content-Length: 0", "Content-Type: text/plain; charset=utf-8"],
        "",
    ),
    "uvicorn, wsproto": ("uvicorn", "403 ", ["content-length: 0"], ""),
    "uvicorn, signed": ("uvicorn", "403 Forbidden", ["server: uvicorn", "content-length: 0"], ""),
    "websockets, refusing by itself": (
        None,
        "403 Forbidden",
        ["Date: now", "Server: Python/3.11 websockets/17.4", "Content-Length: 0", PLAIN, "Connection: close"],
        "",
    ),
    "hypercorn": (
        "hypercorn",
        "403 ",
        ["content-length: 0", "connection: close", "date: now", "server: hypercorn-h11"],
        "",
    ),
    "hypercorn, a denial response": (
        None,
        "401 ",
        ["www-authenticate: Bearer", "content-length: 4", PLAIN, "server: hypercorn-h11"],
        "late",
    ),
    "bearer of someone": (None, "401 Unauthorized", ["www-authenticate: Bearer", "content-length: 0"], ""),
    "bearer of ASP.NET": (
        "signalr",
        "401 Unauthorized",
        ["content-length: 0", "server: Kestrel", "www-authenticate: Bearer"],
        "",
    ),
    "nginx": (None, "403 Forbidden", ["server: nginx/1.26.3", "content-length: 2", "connection: close"], "no"),
}
"""Name -> signature expected, status and reason, fields, body."""


@pytest.mark.parametrize("name", ANSWERS)
def test_signature(name: str) -> None:
    expected, status, fields, body = ANSWERS[name]
    found = signed(status, fields, body)
    assert (None if found is None else found.name) == expected


@pytest.mark.parametrize(
    ("complaint", "likely"),
    [
        ("missing Upgrade header", "without an Upgrade"),
        ("invalid Connection header: close", "without an Upgrade"),
        ("unsupported HTTP version: HTTP/1.0", "HTTP/1.0"),
        ("missing subprotocol", "says itself"),
    ],
)
def test_what_websockets_missed(complaint: str, likely: str) -> None:
    found = signed("400 Bad Request", [PLAIN], f"Failed to open a WebSocket connection: {complaint}.\n")
    assert found is not None
    assert found.name == "websockets"
    assert likely in found.likely


def signed(status: str, fields: list[str], body: str) -> Signature | None:
    """The signature found on this answer."""
    to = target.parse("ws://example.org/")
    plan = Plan(to, opening.request(to, opening.Offer()))
    data = "\r\n".join((f"HTTP/1.1 {status}", *fields, "", body)).encode("latin-1")
    final = read(Exchange(plan, (Sent(1, plan.request), Received(2, data), Ended(3, "fin")))).final
    assert final is not None
    return signature(final)
