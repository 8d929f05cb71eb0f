"""WebSockets over HTTP/2: which browser uses it, and when. The specifications are under the revisions."""

from __future__ import annotations

from wsprobe.explain.entry import Topic, lab

_NAMES = ("http2", "http/2", "http-2", "h2", "extended-connect")

_HTTP2 = Topic(
    "http2",
    "protocol",
    "WebSockets over HTTP/2 (RFC 8441): the handshake is an extended CONNECT, and its success a 200",
    (
        "A server that announces SETTINGS_ENABLE_CONNECT_PROTOCOL (0x8) = 1 accepts WebSockets over HTTP/2: a "
        "CONNECT with `:protocol` websocket, without Upgrade, Connection, Sec-WebSocket-Key and -Accept. The "
        "stream is then the WebSocket. Not every browser uses it, and those that do use it in different cases. "
        "So a server that announces it and cannot serve it works in one browser and fails in another.",
        "wsprobe connect --http2 uses it if the server announces it. compare --browser-mode uses the version "
        "that each browser would; if HTTP/1.1 and HTTP/2 give different results, it reports that first.",
    ),
    (
        (
            "Firefox 153",
            "uses HTTP/2 whenever ALPN and the server's SETTINGS allow it, on a new connection too, and "
            "never falls back: not on REFUSED_STREAM, not on HTTP_1_1_REQUIRED. If a refusal does not end its "
            "stream, the page gets its error only after 20 s. To switch it off: set "
            "network.http.http2.websockets to false",
        ),
        (
            "Chromium 156",
            "uses HTTP/2 only if it already has an HTTP/2 connection to that origin, for example because "
            "the page came over it (compare --page-http 2); otherwise HTTP/1.1. After REFUSED_STREAM it "
            "tries again, twice; after HTTP_1_1_REQUIRED, a GOAWAY that excludes the stream, or a lost "
            "connection it tries HTTP/1.1. HTTP_1_1_REQUIRED also ends every other WebSocket on that "
            "connection: close 1006, without a reason",
        ),
        ("WebKitGTK 2.54", "never uses HTTP/2: 256 of 256 handshakes were HTTP/1.1"),
        (
            "Firefox and Chromium",
            "open on status 200 only, though CONNECT succeeds with any 2xx (RFC 9113 section 8.5); end the "
            "whole connection, pages included, where the setting is neither 0 nor 1, or goes back to 0",
        ),
        (
            "by the standards",
            "WHATWG WebSockets fails every status but 101, which HTTP/2 does not have; so RFC 8441 "
            "and RFC 6455 section 4.1 decide (whatwg/websockets issue 70, open)",
        ),
        (
            "to serve it, or stop announcing it",
            "wsprobe explain http2-announced-unserved says how to configure each server",
        ),
        (
            "a proxy that speaks HTTP/2 to the application",
            "cannot pass an Upgrade on: let it speak HTTP/1.1 to the application (lab:http2-settings)",
        ),
        *lab(("h2-on", "h2-off", "h2-status-403", "h2-status-403-no-end", "h2-rst-http11-required-before")),
    ),
    ("rfc8441", "rfc9113", "rfc9220", "contradiction-http2-status", "what-opens-over-http2"),
)


def find(topic: str) -> Topic | None:
    """The topic of HTTP/2, by any of its names; None for another word."""
    return _HTTP2 if topic.lower() in _NAMES else None
