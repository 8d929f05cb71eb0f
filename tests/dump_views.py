"""What every engine of every version asks and shows, for all that can be played: to be compared before and
after a change that is to change no view.

    python -m tests.dump_views FOLDER [ENGINE ...]    (then, after the change, into another; and diff -r)

A file an engine, a line a view: a scenario of the lab, odd pages around some of them, both versions of HTTP,
what keeps a connection from being made, and the scenarios that each engine was measured with. All is played by
the lab in virtual time. A long line ends in the digest of all of it.
"""

import argparse
from hashlib import blake2b
from pathlib import Path
from urllib.parse import unquote

import msgspec
from msgspec.structs import replace

from tests.browsers_views import http2_cases
from tests.browsers_views import measured as measurements
from wsprobe.browsers import ENGINES, NODES, RUNTIMES, versions
from wsprobe.browsers.engine import Page
from wsprobe.browsers.network import objections
from wsprobe.browsers.page import opened_by
from wsprobe.browsers.request import visit
from wsprobe.exchange import (
    Act,
    Certificate,
    Connected,
    ConnectFailed,
    Connecting,
    Ended,
    Exchange,
    Plan,
    ResolveFailed,
    Route,
    TlsDone,
    TlsFailed,
    TlsOptions,
    TunnelFailed,
)
from wsprobe.lab import load
from wsprobe.lab.play import KEY, REHEARSED, _there, play
from wsprobe.lab.ports import PATH, PORTS, place
from wsprobe.read import read

LONGEST = 4000
HOST = "127.0.0.1"
TLS, PLAIN = PORTS["tls"], PORTS["plain"]
CLOSE, LATER = Act("created", "close", b"bye", 3000), Act("time", "close", b"late", 3001, after=150)
PAGES = {
    "https": Page("https://page.example/"),
    "same-origin": Page(""),
    "loopback": Page(f"http://{HOST}:{PLAIN}/page"),
    "loopback-tls": Page(f"https://{HOST}:{TLS}/page", http="2"),
    "file": Page("file:///x.html"),
    "csp": Page("https://page.example/", csp="connect-src 'none'"),
    "csp-fallback": Page("http://page.example/", csp="default-src 'self' wss:"),
    "sandbox": Page("http://page.example/", csp="sandbox allow-scripts"),
    "upgrade": Page("http://page.example/", csp="upgrade-insecure-requests"),
    "protocols": Page(protocols=("chat", "superchat"), cookies="a=1; b=2", user_agent="mine/1"),
    "protocol-twice": Page(protocols=("a", "A", "a")),
    "protocol-bad": Page(protocols="a b"),
    "called": Page(construct="call"),
    "empty": Page(construct="no-arguments"),
    "early": Page(acts=(CLOSE, Act("created", "text", b"x"), LATER)),
    "early-timed": Page(
        acts=(LATER, Act("time", "text", b"x", after=10), Act("time", "text", b"x", after=200))
    ),
    "late": Page(
        acts=(Act("time", "close", b"", 4000, after=20_000), Act("time", "binary", b"x", after=40_000))
    ),
    "in-open": Page(
        acts=(Act("open", "text", b"hello"), Act("open", "close", b"r" * 124), Act("open", "close"))
    ),
    "in-message": Page(acts=(Act("message", "close", b"", 999), Act("message", "close", b"why", 3000))),
    "public": Page("https://public.example/", address="public"),
    "granted": Page(
        "https://public.example/", address="public", permissions=(("loopback-network", "granted"),)
    ),
}
AROUND = (
    "ok", "403-json", "401-basic", "401-digest", "401-ntlm-basic", "302-to-403", "wss-expired",
    "wss-refused", "wss-unknown-ca", "wss-tls10-only", "refused", "ws-to-tls", "proto-list-echoed",
    "echo-any-version", "page-close-echo-then-linger", "accept-echoes-key", "fin-partial-status",
    "page-close-later-silent", "tls-cut-refusal",
)  # fmt: skip
AROUND_HTTP2 = (
    "h2-on", "h2-off", "h2-status-401-userinfo-then-200", "h2-client-close",
    "h2-rst-refused-stream-before", "h2-rst-http11-required-before", "h2-status-401",
    "h2-never-answers",
)  # fmt: skip
URLS = (
    "ws://user:pa%20ss@h.example:81/x?y", "wss://h.example/", "WSS://[::1]:443/%41",
    "ws://h.example/#f", "ftp://x/", "http://h.example/a|b", "//rel/x", "ws://", "wss://xn--a/",
    "ws://0.0.0.0:7/", "ws://h.example:6667/", "x" * 2000, "ws://localhost:1234/?", "wss://a%20b/",
    "ws://1.2.3/", "wss://h.example:80/",
)  # fmt: skip
ERRNOS = (
    "ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH",
    "EHOSTDOWN", "ENETDOWN", "EADDRNOTAVAIL", "EACCES", "EPERM", "EFAULT", "",
)  # fmt: skip
REASONS = ("unknown-ca", "self-signed", "expired", "not-yet-valid", "wrong-name", "other", "")
SHOWN = (
    Certificate(b"", names=(), not_before="2020-01-01T00:00:00Z", not_after="2020-01-31T00:00:00Z"),
    Certificate(b"", names=("a.example", "192.0.2.1"), not_before="2039-01-01T00:00:00Z", not_after="x"),
    Certificate(b"", names=("h.example",), not_before="2020-01-01T00:00:00Z", not_after="2040-01-31T00:00:00Z"),
)


def names():
    for name in ENGINES:
        found = versions(name)
        yield from ([f"{name}@{version}" for version in found] if found else [name])
    yield from NODES


def encoded(value):
    text = msgspec.json.encode(value, enc_hook=str, order="deterministic").decode()
    if len(text) <= LONGEST:
        return text
    digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{text[:LONGEST]} {len(text)} {digest}"


def seen(engine, url, page, scenario, limits, http2=False):
    """What was asked, and what script sees."""
    visiting = visit(engine, url, page, KEY, limits, TlsOptions(), Route())
    plans = []
    met, catalogue, tries = scenario, load(), 0
    try:
        plan = next(visiting)
        while True:
            plans.append((plan.request, plan.http2, plan.tls.alpn))
            made = play(_there(met, plan.target), plan, attempt=tries)
            tries += http2
            plan = visiting.send(made)
            path = unquote(plan.target.resource.partition("?")[0])
            met = catalogue.get(path.removeprefix(PATH).removeprefix("/"), scenario)
    except StopIteration as end:
        readings = end.value
    following = engine.follow(readings, page, KEY) if readings else None
    return encoded([plans, following, engine.view(url, opened_by(page, url), readings)])


def played(engine):
    """Every scenario of the lab, with its own page."""
    for name, scenario in load().items():
        where = place(scenario, PORTS, HOST)
        yield name, seen(engine, where.url, where.page, scenario, REHEARSED)
        if scenario.http2 is not None:
            for version in ("1.1", "2"):
                page = Page(f"https://{HOST}:{PORTS[scenario.listener]}/", http=version)
                yield f"{name} http-{version}", seen(engine, where.url, page, scenario, REHEARSED, True)


def around(engine):
    """Some scenarios with other pages, and as wss: and with credentials."""
    catalogue = load()
    for name in AROUND:
        scenario = catalogue[name]
        where = place(scenario, PORTS, HOST)
        for url in (where.url, where.url.replace("://", "://u:p@"), where.url.replace("ws:", "wss:")):
            for title, page in PAGES.items():
                yield f"{name} {url} {title}", seen(engine, url, page, scenario, REHEARSED)
    for name in AROUND_HTTP2:
        scenario = catalogue[name]
        url = f"wss://u:p@{HOST}:{PORTS[scenario.listener]}/s/{name}"
        for title, page in PAGES.items():
            for at in (page, replace(page, url=f"https://{HOST}:{PORTS[scenario.listener]}/", http="2")):
                yield f"{name} {title} {at.http}", seen(engine, url, at, scenario, REHEARSED, True)


def made(engine):
    """Constructors and requests."""
    for url in URLS:
        for title, page in PAGES.items():
            page = opened_by(page, url)
            construction = engine.construct(url, page)
            asked = engine.first(construction, page, KEY) if construction.target else None
            sent = engine.request(construction, page, KEY) if construction.target else b""
            view = engine.view(url, page, [])
            yield f"{url[:99]} {title}", encoded([construction, asked, sent, view])


def hindrances():
    """(what, events, how it ended): all that can keep a request from being sent."""
    to = "192.0.2.1", 443
    yield "name", [ResolveFailed(500, "h.example", "Name or service not known")], "error"
    yield "name-quiet", [ResolveFailed(500, "h.example", "")], "error"
    yield "tunnel", [TunnelFailed(500, "the proxy answered 502")], "error"
    for errno in ERRNOS:
        one = ConnectFailed(500, *to, errno, f"error of {errno}")
        yield f"connect {errno}", [Connecting(1, *to), one], "error"
        yield f"connect twice {errno}", [Connecting(1, *to), one, one], "error"
    yield "connect unix", [ConnectFailed(500, "/run/x", 0, "ENOENT", "No such file")], "error"
    up = [Connecting(1, *to), Connected(100, *to)]
    for alert in range(256):
        yield f"alert {alert}", [*up, TlsFailed(500, "alert", f"TLS alert {alert}", alert=alert)], "error"
    yield "alert none", [*up, TlsFailed(500, "alert", "TLS alert")], "error"
    for kind in ("not-tls", "fin", "reset", "error", "pinned-key"):
        for received in (
            b"",
            b"HTTP/1.1 400 Bad\r\n\r\n",
            b"\x15\x03\x01\x00\x02\x02\x28",
            b"\x16\x03\x01\xff\xff",
        ):
            event = TlsFailed(500, kind, f"error of {kind}", received=received)
            yield f"{kind} {received!r}", [*up, event], "error"
    for reason in REASONS:
        for shown in (None, *SHOWN):
            failed = TlsFailed(500, "certificate", f"not {reason}", certificate=shown, reason=reason)
            yield f"certificate {reason} {shown}", [*up, failed], "error"
            done = TlsDone(500, "TLS 1.3", "x", "http/1.1", shown, False, f"{reason} problem")
            yield f"let pass {reason} {shown}", [*up, done], "fin"
    for problem in (
        "unable to get local issuer certificate",
        "self-signed certificate",
        "self signed certificate",
    ):
        yield problem, [*up, TlsDone(500, "TLS 1.1", "x", None, SHOWN[2], False, problem)], "reset"
    for how in ("timeout", "interrupted", "local", "limit", "reset", "fin", "truncated"):
        yield f"nothing {how}", up, how
        yield f"connecting {how}", up[:1], how
        yield f"failed {how}", [*up[:1], ConnectFailed(500, *to, "ETIMEDOUT", "x")], how
        yield f"tls {how}", [*up, TlsFailed(500, "alert", "x", alert=40)], how


def hindered(engine):
    url = "wss://h.example/x"
    for title in ("https", "early", "early-timed"):
        page = opened_by(PAGES[title], url)
        made = engine.construct(url, page)
        assert made.target is not None
        asks = engine.first(made, page, KEY)
        for what, events, how in hindrances():
            plan = Plan(made.target, asks.request, tls=TlsOptions(alpn=asks.alpn))
            ended = Ended(900, how)
            exchange = Exchange(plan, (*events, ended), started="2026-11-26T12:00:00.000Z")
            readings = [read(exchange)]
            view = engine.view(url, page, readings)
            yield f"{title} {what}", encoded([view, engine.follow(readings, page, KEY), objections(exchange)])


def measured(engine):
    """What the engines were measured with."""
    for file, scenarios in measurements.scenarios().items():
        if (file == "runtimes") == (engine.name in RUNTIMES):
            for name, scenario in scenarios.items():
                where = place(scenario, PORTS, HOST)
                yield name, seen(engine, where.url, where.page, scenario, measurements.LIMITS)
    if engine.name in ("chromium", "firefox"):
        for name, line in http2_cases.load().items():
            for number, each in enumerate(http2_cases.sockets(engine, line)):
                yield f"{name} socket {number}", encoded([each.asked, each.view])


def main(folder, *wanted):
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name in wanted or tuple(names()):
        engine = ENGINES[name]
        with open(Path(folder, name), "w", encoding="utf-8", errors="surrogatepass") as file:
            for part in (played, around, made, hindered, measured):
                for what, value in part(engine):
                    file.write(f"{part.__name__} {what}: {value}\n")


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder")
    options.add_argument("engine", nargs="*")
    given = options.parse_args()
    main(given.folder, *given.engine)
