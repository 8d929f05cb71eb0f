"""Exchanges over loopback as data: what each side does, and what is recorded, without the relay and through it.

``python -m tests.net.test_exchanges`` writes anew what comes of those of exchanges.txt."""

import json
import re
import ssl
import warnings
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import fields

from tests.cases import every, same
from tests.net.conftest import REFUSAL, REQUEST, SWITCHING, Authority, Net, holds
from tests.net.test_relay import ASK, BYE, CLOSED, HELLO, YO, relayed
from tests.net.test_tls import LONG_AGO, YEAR, self_signed
from tests.pieces import cases, octets, rewrite, split
from tests.talk.test_session import WORDS as FRAMES
from wsprobe.exchange import Limits
from wsprobe.net.probe import probe
from wsprobe.relay.client import told
from wsprobe.report.report import report

FILE = Path(__file__).parent / "exchanges.txt"
CONNECT = b"CONNECT shop.example:9 HTTP/1.1\r\nHost: shop.example:9\r\n"
KNOWN = {
    "ask": ASK,
    "foreign": ASK[:-2] + b"Origin: https://evil.example\r\n\r\n",
    "yo": YO,
    "request": REQUEST,
    "switching": SWITCHING,
    "refusal": REFUSAL,
    "hello": HELLO,
    "closed": CLOSED,
    "bye": BYE,
    "CONNECT": CONNECT + b"\r\n",
    "through": b"HTTP/1.1 200 OK\r\n\r\n",
    "name": b"\x05\x01\x00\x03\x0cshop.example\x00\x09",
    "name-4a": b"\x04\x01\x00\x09\0\0\0\x01\0shop.example\0",
    "done": b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x09",
}
WORDS = KNOWN | FRAMES | {"connect": CONNECT}
LIMITS = {field.name for field in fields(Limits)}
USUAL = ["resolved 127.0.0.1", "connecting", "connected"]
OPENSSL = ("tls-failed", "error")
"""An event with words of OpenSSL."""


FAR_OFF = datetime(2099, 1, 1, tzinfo=UTC)


def from_to(start, end):
    return lambda authority: authority.server(not_before=start, not_after=end)


def with_alpn(authority):
    context = authority.server("127.0.0.1", "shop.example")
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


def wanting(authority):
    context = authority.server()
    context.verify_mode = ssl.CERT_REQUIRED
    authority.ca.configure_trust(context)
    return context


def old(authority):
    context = authority.server()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


CERTIFICATES = {
    "good": with_alpn,
    "expired": from_to(LONG_AGO - YEAR, LONG_AGO),
    "early": from_to(FAR_OFF, FAR_OFF + YEAR),
    "other": lambda authority: authority.server("shop.example"),
    "self": lambda authority: self_signed(authority.folder),
    "self-address": lambda authority: self_signed(authority.folder, "127.0.0.1"),
    "self-named": lambda authority: self_signed(authority.folder, "shop.example"),
    "wanting": wanting,
    "old": old,
}
"""Servers over TLS by what they show; one wants a certificate of the client, one speaks old versions alone."""


def steps_of(written):
    """``>request refusal +1000 ('x' +20) rest=closed`` as steps of ``Net.plays``. What ``>`` stands before is
    read; behind ``=`` stands what was read, behind ``~`` what is in it; ``+`` waits so many milliseconds; what
    stands in parentheses is done again and again."""
    for each in split(written, " "):
        if each.startswith("("):
            yield [*steps_of(each[1:-1])]
        elif each[0] in "+>":
            yield float(each[1:]) / 1000 if each[0] == "+" else ("all", octets(each[1:], WORDS))
        elif read := re.fullmatch(r"(head|read|rest)([=~])(.*)", each):
            data = octets(read[3], WORDS)
            yield read[1], data if read[2] == "=" else holds(data)
        elif re.fullmatch("head|read|rest|settle|fin|close|reset|broken", each):
            yield each
        else:
            yield octets(each, WORDS)


def settings_of(written):
    """Those of ``clock; max_time=3; proxy=http``, and whether time is virtual."""
    limits, settings = {}, {}
    for name, equals, value in (each.partition("=") for each in filter(None, written.split("; "))):
        if name in LIMITS:
            limits[name] = json.loads(value)
        elif name == "tell":
            settings[name] = told
        else:
            settings[name] = (
                json.loads(value) if name in ("wait", "longest", "resolve", "verify") else value or not equals
            )
    return settings.pop("clock", False), settings | {"limits": Limits(**limits)}


def over_tls(server, authority, cert, trust="ca.pem", rude=False, client=False, **settings):
    """*server* with this certificate, and the settings of who trusts the file *trust*. *rude*: it says no
    close_notify. *client*: the client has a certificate too."""
    handler = authority.over_tls(server, CERTIFICATES[cert](authority), polite=not rude)
    settings |= {"secure": True, "ca_file": str(authority.folder / trust) if trust != "none" else None}
    if client:
        settings["certificate"], settings["key"] = authority.client_files()
    return handler, settings


def probed(server, virtual, authority, host="shop.example", proxy=None, **settings):
    """The recording of a probe of *server*, or through it, if it is a *proxy*."""
    net = Net()
    handler = net.plays(*server)
    if "cert" in settings:
        handler, settings = over_tls(handler, authority, **settings)

    async def work():
        async with net.serving(handler) as port:
            if proxy is None:
                return await probe(net.plan(port, **settings))
            at = f"127.0.0.1:{port}" if proxy[-1] in "/@" else ""
            return await probe(net.plan(9, host=host, proxy=proxy + at, **settings))

    return net.run(work, virtual)


def named(data, request=b""):
    """Bytes by the words for them, as text, or by their number."""
    for name, known in (("request", request), *KNOWN.items()):
        if known and data.startswith(known):
            return "+".join(filter(None, (name, named(data[len(known) :]))))
    text = data.decode("latin-1").encode("unicode_escape").decode()
    return f"{len(data)} bytes" if len(data) > 200 else data and f"'{text}'"


def recorded(exchange, timed):
    """The events in words; what came in a row is one. *timed*: with milliseconds, and how many reads."""
    lines, before, reason = [], 0, ""
    for name, group in groupby(exchange.events, lambda event: event.__struct_config__.tag):
        *_, event = alike = list(group)
        has = {each: getattr(event, each, "") for each in event.__struct_fields__}
        how = has.get("how") or has.get("kind", "")
        if reason == has.get("error") or how == "reset" or name == "connect-failed" or (name, how) == OPENSSL:
            has["error"] = ""
        reason = getattr(event, "error", "")
        data = has.get("received") or b"".join(getattr(each, "data", b"") for each in alike)
        if how in ("certificate", "alert") and data.startswith(b"\x16\x03"):
            data = b""  # a handshake is never the same twice
        count = len(alike) if timed and len(alike) > 1 else 0
        chosen = ("host", "errno", "alert", "reason", "version", "alpn", "error", "problem")
        chosen += ("bytes_sent", "bytes_received")
        words = [how or name, f"{count}x" if count else "", *(has.get(each) for each in chosen)]
        words.append("unverified" if has.get("verified") is False else "")
        words.append(
            "of " + (" ".join(has["certificate"].names) or "no name") if has.get("certificate") else ""
        )
        words += [
            named(data, exchange.plan.request),
            f"@{event.at / 1000:g}" if timed and event.at != before else "",
        ]
        lines.append(" ".join(str(each) for each in words if each))
        before = event.at
    return lines[3:] if lines[:3] == USUAL else lines


def of_relay(shown, timed):
    """What the relay recorded of both sides."""
    if not shown.exchanges:
        return ["not recorded", *(f"turned away with {status}" for status in shown.away)]
    made, client = report(shown.exchange), shown.exchange.client
    close = (
        made.close and f"close {made.close.code} {made.close.reason}{'' if made.close.clean else ', not clean'}"
    )
    ((_, told_page),) = shown.answers or [(1, None)]
    side = {"client": client.ended, "told": told_page and told_page.code, "answer": named(client.answer)}
    side["received"] = named(client.received)
    outcome = " ".join(filter(None, [made.outcome, close]))
    client_side = ", ".join(f"{name} {value}" for name, value in side.items() if value)
    return [*recorded(shown.exchange, timed), outcome, client_side]


def means(authority, settings, server, *client):
    """What is recorded; a line for each way that the ``{steps,or others}`` of the server differ in."""
    timed, settings = settings_of(settings)
    begin, ends, rest = re.fullmatch(r"([^{]*)(?:\{(.*)\})?(.*)", server).groups()
    lines = []
    for end in (ends or "").split(","):
        steps = tuple(steps_of(f"{begin}{end}{rest}"))
        if client:
            shown = relayed(Net(), steps, tuple(steps_of(client[0])), timed, **settings)
            lines.append(of_relay(shown, timed))
        else:
            lines.append(recorded(probed(steps, timed, authority, **settings), timed))
    return [*dict.fromkeys(" / ".join(each) for each in lines)]


@every(cases(FILE), quick=True)
def test_an_exchange(case, authority):
    given, expected = case
    same(means(authority, *given), expected)


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        rewrite(FILE, partial(means, Authority(Path(folder))))
