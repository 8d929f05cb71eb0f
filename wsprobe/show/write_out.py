"""``--write-out``: a line in the user's format, as curl's ``-w``.

``%{name}`` is a variable, ``%%`` a percent sign, ``\\n``, ``\\r``, ``\\t`` and ``\\\\`` are escapes;
``%{stderr}`` and ``%{stdout}`` choose the stream of what follows. Text that came from the peer is made visible
first.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

from wsprobe.exchange import LeftOut
from wsprobe.read import read
from wsprobe.report.report import Report, certificate_days
from wsprobe.report.timing import TIMES, timing
from wsprobe.show.as_json import tls_value
from wsprobe.show.connection import peer
from wsprobe.show.lines import grouped
from wsprobe.text import legible, printable, visible
from wsprobe.wire.followup import redirect


def _text(value: object) -> str:
    """A value that may be missing."""
    return "" if value is None else str(value)


def _seconds(report: Report, name: str, missing: str = "") -> str:
    at = getattr(timing(report.reading), name)
    return missing if at is None else f"{at / 1000:.6f}"


_TIME_ENDS = {
    "time_resolved": "seconds until the name was resolved",
    "time_connected": "seconds until TCP was connected",
    "time_tls": "seconds until TLS was set up",
    "time_sent": "seconds until the request was sent",
    "time_first_byte": "seconds until the first byte of the answer",
    "time_head": "seconds until the head of the answer was complete",
    "time_total": "seconds until the exchange ended",
}
_CURL_TIMES = {
    "time_namelookup": "time_resolved",
    "time_connect": "time_connected",
    "time_appconnect": "time_tls",
    "time_starttransfer": "time_first_byte",
}
"""curl's name for a time -> our name."""


def _status(report: Report) -> str:
    return _text(report.reading.status)


def _tls_version(report: Report) -> str:
    tls = tls_value(report.exchange)
    return "" if tls is None else tls.version or ""


def _close(report: Report, member: Literal["code", "reason"]) -> str:
    return visible(_text(getattr(report.close, member, None)).encode())


def _header(report: Report, name: str) -> str:
    return visible(b", ".join(report.reading.values(name)))


def _message(report: Report) -> str:
    """The last whole message; "" if the recording may lack it."""
    if any(isinstance(event, LeftOut) and event.bytes_received for event in report.exchange.events):
        return ""
    return next((legible(each.data) for each in reversed(report.messages) if each.complete), "")


def _cause(report: Report) -> str:
    if report.likely is not None:
        return printable(report.likely.sentence)
    return printable(next((each.text for each in report.findings if each.fatal), ""))


def _body_size(report: Report) -> str:
    final = report.reading.final
    return "" if final is None or final.body is None else str(len(final.body.content))


def _redirects(report: Report) -> str:
    return str(sum(redirect(read(hop)) is not None for hop in report.exchange.hops))


VARIABLES: dict[str, tuple[str, Callable[[Report], str]]] = {
    "url": ("the URL as given", lambda r: visible(r.asked.encode())),
    "worker": (
        "the worker of the cluster that sent the request, empty if this machine did",
        lambda r: visible((r.exchange.worker or "").encode()),
    ),
    "http_code": ("the same as status, under the name that curl uses", _status),
    "outcome": ("the outcome in one word", lambda r: r.outcome),
    "exit_status": ("the exit status of this URL", lambda r: str(r.exit_status)),
    "status": ("the HTTP status code, empty if there was none", _status),
    "reason": (
        "the reason phrase",
        lambda r: visible(r.reading.final.reason) if r.reading.final is not None else "",
    ),
    "findings": (
        "ids of all findings of level fail or warn",
        lambda r: ",".join(each.id for each in r.findings if each.level != "note"),
    ),
    "body_size": ("size of the body in bytes, after transfer coding is removed", _body_size),
    "close_code": ("code of the Close frame, empty if there was none", partial(_close, member="code")),
    "close_reason": ("reason of the Close frame", partial(_close, member="reason")),
    "protocol": (
        "the subprotocol of the answer, empty without one",
        lambda r: _header(r, "sec-websocket-protocol"),
    ),
    "message": ("the last whole message of the server, empty if there was none", _message),
    "cause": (
        "the likeliest cause, or why the answer is invalid; empty if it opened or nothing is known",
        _cause,
    ),
    "fix": (
        "what to do about that cause",
        lambda r: "" if r.likely is None else printable(r.likely.fix),
    ),
    "remote": ("address and port of the peer", lambda r: visible(peer(r.exchange).partition(",")[0].encode())),
    "tls_version": ("TLS version, empty if there was no TLS", _tls_version),
    "cert_days": (
        "whole days that the server's certificate is still valid",
        lambda r: _text(certificate_days(r.exchange)),
    ),
    **{name: (what, partial(_seconds, name=TIMES[name])) for name, what in _TIME_ENDS.items()},
    "response_code": ("the same as status, as in curl", _status),
    "url_effective": ("the URL of the last request, after redirects", lambda r: visible(r.url.encode())),
    "redirect_url": (
        "where the answer redirects to, empty if it does not",
        lambda r: visible((redirect(r.reading) or "").encode("utf-8", "replace")),
    ),
    "num_redirects": ("redirects that were followed", _redirects),
    **{
        name: (
            f"the same as {ours}, but 0.000000 if it did not happen, as in curl",
            partial(_seconds, name=TIMES[ours], missing="0.000000"),
        )
        for name, ours in _CURL_TIMES.items()
    },
    "json": ("an object with all the other variables but header_json", lambda r: _json(r)),
    "header_json": (
        "an object with the headers of the answer: a name in lower case, and its values in an array",
        lambda r: _header_json(r),
    ),
}
"""Name -> (its meaning, the function for its value). ``header{Name}`` is the only variable with an argument."""

STREAMS = {
    "stderr": "what follows goes to standard error, as in curl",
    "stdout": "what follows goes to standard output again",
}

_TOKEN = re.compile(r"%%|%\{(?P<name>\w+)(?:\{(?P<argument>[^}]*)\})?\}|\\(?P<escape>.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}


_NUMBERS = ("http_code", "response_code", "status", "exit_status", "body_size", "cert_days", "num_redirects")
"""Variables that are numbers in ``json``, like the times; null if empty."""


def _json(report: Report) -> str:
    value: dict[str, str | float | None] = {}
    for name, (_, get) in VARIABLES.items():
        if name in ("json", "header_json"):
            continue
        text = get(report)
        if name in _NUMBERS or name.startswith("time_"):
            value[name] = None if not text else float(text) if "." in text else int(text)
        else:
            value[name] = text
    return json.dumps(value)


def _header_json(report: Report) -> str:
    final = report.reading.final
    fields = final.head.fields if final is not None else ()
    return json.dumps(
        grouped((each.name.decode("latin-1").lower(), each.value.decode("latin-1")) for each in fields)
    )


def unknown(template: str) -> list[str]:
    """Names in *template* that are not variables."""
    names = [m["name"] for m in _TOKEN.finditer(template) if m["name"]]
    return [name for name in names if name not in VARIABLES and name not in STREAMS and name != "header"]


def parts(template: str) -> Iterator[tuple[str, str]]:
    """*template* in parts: a word of STREAMS, and the template of what goes there."""
    at, stream = 0, "stdout"
    for match in _TOKEN.finditer(template):
        if match["name"] in STREAMS:
            yield stream, template[at : match.start()]
            at, stream = match.end(), match["name"]
    yield stream, template[at:]


def write_out(template: str, report: Report) -> str:
    """*template* with the value of every variable; nothing is added, not even a newline."""

    def fill(match: re.Match[str]) -> str:
        name = match["name"]
        if name == "header":
            return _header(report, match["argument"] or "")
        if name:
            return VARIABLES[name][1](report) if name in VARIABLES else match[0]
        if match["escape"]:
            return _ESCAPES.get(match["escape"], match[0])
        return "%"

    return _TOKEN.sub(fill, template)
