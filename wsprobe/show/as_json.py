"""A value as one line of JSON, in pieces: of a flood, neither the whole text nor a copy of it is ever held.

The JSON Schema of what ``--json`` prints: a file beside this one, so that it can be used without us.

A report as JSON values: the contract that other programs rely on (wsprobe-json(5)).

Header text is latin-1 decoded, so that one character is one byte; ``raw`` members are base64. Times are
milliseconds from the start. A member is null or absent where the thing did not happen.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Any

from msgspec.structs import asdict

from wsprobe import __version__
from wsprobe.archive import FORMAT, to_value
from wsprobe.browsers.engine import DomEvent, DomException, ScriptView
from wsprobe.browsers.tell import Tellable
from wsprobe.exchange import Certificate, Exchange, TlsDone, TlsFailed
from wsprobe.judge.finding import Finding, Told, Verdict
from wsprobe.read import read
from wsprobe.read.reading import Body, Field, Head, Reading, Request, Response, Session
from wsprobe.report import Report, close_of
from wsprobe.show.timing import timing

FEW = 50
"""Items of a list that are taken apart one by one; of a longer one so many make one piece."""
DEEP = 6
"""Levels that are taken apart."""


def pieces(value: Any, deep: int = DEEP) -> Iterator[str]:
    """The compact text of *value*, pure ASCII, without a line end."""
    if deep and value and isinstance(value, dict):
        begin = "{"
        for name, member in value.items():
            yield f"{begin}{_json_text(name)}:"
            yield from pieces(member, deep - 1)
            begin = ","
        yield "}"
    elif deep and value and isinstance(value, list):
        begin = "["
        for at in range(0, len(value), FEW):
            yield begin
            if len(value) > FEW:
                yield _json_text(value[at : at + FEW])[1:-1]
            else:
                yield from _items(value, deep - 1)
            begin = ","
        yield "]"
    else:
        yield _json_text(value)


def _items(value: list[Any], deep: int) -> Iterator[str]:
    for number, item in enumerate(value):
        if number:
            yield ","
        yield from pieces(item, deep)


def _json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def schema() -> str:
    """The schema (JSON Schema 2020-12) as text, with its newline."""
    return files("wsprobe.show.json").joinpath("report.schema.json").read_text(encoding="utf-8")


Value = dict[str, Any]


def report_value(report: Report) -> Value:
    """The whole object that ``connect --json`` prints, and ``compare --json`` with the views added."""
    reading = report.reading
    exchange = reading.exchange
    value: Value = {
        "format": FORMAT,
        "wsprobe": __version__,
        "url": exchange.plan.target.url,
        "name": report.name or None,
        "outcome": report.outcome,
        "exit_status": report.exit_status,
        "request": request_value(reading.request),
        "response": response_value(reading),
        "hops": [hop_value(hop) for hop in exchange.hops],
        "tls": tls_value(exchange),
        "timing": {name: None if at is None else round(at, 3) for name, at in asdict(timing(reading)).items()},
        "findings": [finding_value(f, reading) for f in report.verdict.findings],
        "session": None if reading.session is None else session_value(reading.session),
        "close": close_value(reading),
        "exchange": to_value(exchange),
    }
    if report.views:
        answers = report.answers or (None,) * len(report.views)
        value["views"] = [view_value(view, answer) for view, answer in zip(report.views, answers, strict=True)]
    if report.verdicts:
        value["verdicts"] = [verdict_value(verdict, reading) for verdict in report.verdicts]
    return value


DOUBLED = frozenset({"exchange", "raw", "der"})
"""The recording, and bytes that stand beside it as text."""


def brief(value: Any) -> Any:
    """*value* without the members in ``DOUBLED``, wherever they stand."""
    if isinstance(value, dict):
        return {name: brief(member) for name, member in value.items() if name not in DOUBLED}
    return [brief(each) for each in value] if isinstance(value, list) else value


def _text(data: bytes) -> str:
    return data.decode("latin-1")


def _raw(data: bytes) -> str:
    return b64encode(data).decode("ascii")


def _pairs(fields: tuple[Field, ...]) -> list[list[str]]:
    return [[_text(f.name), _text(f.value)] for f in fields]


def _first_line(head: Head) -> str:
    return _text(head.first.text) if head.first is not None else ""


def request_value(request: Request) -> Value | None:
    """Null if nothing was sent."""
    if request.head.first is None:
        return None
    return {
        "line": _first_line(request.head),
        "headers": _pairs(request.head.fields),
        "raw": _raw(request.head.raw + request.rest),
    }


def response_value(reading: Reading) -> Value | None:
    """The final answer with the interim ones before it; null if no byte of an answer came."""
    if not reading.responses:
        return None
    final = reading.final
    interim = [one_response(r) for r in reading.responses if r.interim]
    if final is None:
        return {"status_line": None, "status": None, "headers": [], "informational": interim}
    return one_response(final) | {"informational": interim}


def one_response(response: Response) -> Value:
    return {
        "status_line": _first_line(response.head),
        "version": response.version,
        "status": response.status,
        "reason": _text(response.reason),
        "headers": _pairs(response.head.fields),
        "raw": _raw(response.head.raw),
        "complete": response.head.complete,
        "body": None if response.body is None else body_value(response.body),
    }


def body_value(body: Body) -> Value:
    """*size* counts the bytes without transfer coding; *text* is the decoded view."""
    content = body.decoded if body.decoded is not None else body.content
    return {
        "size": len(body.content),
        "text": content.decode("utf-8", "replace"),
        "raw": _raw(body.content),
        "truncated": body.cut or not body.complete,
        "framing": body.framing,
        "expected": body.expected,
        "coding": body.coding or None,
        "problem": "; ".join(each for each in (body.problem, body.coding_problem) if each) or None,
    }


def hop_value(hop: Exchange) -> Value:
    return {"url": hop.plan.target.url, "response": response_value(read(hop))}


def tls_value(exchange: Exchange) -> Value | None:
    """Null for ws:."""
    for event in reversed(exchange.events):
        match event:
            case TlsDone():
                return {
                    "version": event.version,
                    "cipher": event.cipher,
                    "alpn": event.alpn,
                    "certificate": certificate_value(event.certificate),
                    "verified": event.verified,
                    "error": event.problem,
                }
            case TlsFailed():
                return {
                    "version": None,
                    "cipher": None,
                    "alpn": None,
                    "certificate": certificate_value(event.certificate),
                    "verified": False,
                    "error": event.error,
                    "kind": event.kind,
                    "reason": event.reason or None,
                    "alert": event.alert,
                }
            case _:
                pass
    return None


def certificate_value(certificate: Certificate | None) -> Value | None:
    if certificate is None:
        return None
    return {
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "names": list(certificate.names),
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
        "der": _raw(certificate.der),
    }


def finding_value(finding: Finding, reading: Reading) -> Value:
    """*bytes* is what the finding points at, latin-1 decoded; *span* its offsets in the bytes received."""
    value: Value = {
        "id": finding.id,
        "level": finding.level,
        "spec": finding.spec,
        "text": finding.text,
        "usual": finding.usual or None,
        "expected": finding.expected,
        "received": finding.received,
    }
    if finding.span is not None:
        start, end = finding.span
        value |= {"span": [start, end], "bytes": _text(reading.received[start : min(end, start + 1000)])}
    return value


def session_value(session: Session) -> Value:
    """Frames of both sides, payloads unmasked and in base64; opcodes are always those of RFC 6455."""
    return {
        "frames": [
            {
                "from": who,
                "at": f.at / 1000,
                "fin": f.fin,
                "rsv": f.rsv,
                "opcode": f.opcode,
                "masked": f.masked,
                "length": f.length,
                "payload": _raw(f.data),
            }
            for who, frames in (("server", session.frames), ("client", session.sent))
            for f in frames
        ],
        "rest": _raw(session.rest),
    }


def close_value(reading: Reading) -> Value | None:
    """The closing handshake: who began it, with what; null if there was no Close frame."""
    close = close_of(reading)
    return None if close is None else asdict(close)


def view_value(view: ScriptView, answer: Report | None) -> Value:
    """What script sees; names in events are the DOM's own. *answer* is what the engine's own request led to."""
    own: Value = {}
    if answer is not None:
        own = {"answered": answered_value(answer), "exchange": to_value(answer.exchange)}
    return own | {
        "browser": view.browser,
        "version": view.version,
        "page": view.page,
        "url": view.url,
        "exception": exception_value(view.exception),
        "events": [event_value(event) for event in view.events],
        "readyState": view.ready_state,
        "console": list(view.console),
        "hidden": list(view.hidden),
        "outcome": view.outcome,
        "because": view.because,
        "races": view.races or None,
        "cookies": list(view.cookies),
    }


def answered_value(answer: Report) -> Value:
    """What was answered to an engine's own request, as the top level has it for wsprobe's."""
    return {
        "outcome": answer.outcome,
        "response": response_value(answer.reading),
        "findings": [finding_value(f, answer.reading) for f in answer.verdict.findings],
    }


def exception_value(exception: DomException | None) -> Value | None:
    if exception is None:
        return None
    value: Value = {"name": exception.name, "message": exception.message}
    return value if exception.code is None else value | {"code": exception.code}


def event_value(event: DomEvent) -> Value:
    match event.type:
        case "open":
            return {"type": "open", "protocol": event.protocol, "extensions": event.extensions}
        case "message" if isinstance(event.data, bytes):
            return {"type": "message", "binary": True, "data": _raw(event.data)}
        case "message":
            return {"type": "message", "data": event.data}
        case "close":
            return {"type": "close", "code": event.code, "reason": event.reason, "wasClean": event.was_clean}
        case "throw":
            return {"type": "throw", "exception": exception_value(event.exception)}
        case _:
            return {"type": event.type}


def tellable_value(groups: Sequence[Tellable], urls: Sequence[str]) -> Value:
    """Engine -> groups of URLs that look the same to script, and what tells the groups apart."""
    return {
        each.browser: {"groups": [[urls[i] for i in group] for group in each.groups], "by": list(each.by)}
        for each in groups
    }


def verdict_value(verdict: Verdict, reading: Reading) -> Value:
    return {
        "spec": verdict.spec,
        "answer": verdict.answer,
        "findings": [finding_value(f, reading) for f in verdict.findings],
        "told": None if verdict.told is None else told_value(verdict.told),
    }


def told_value(told: Told) -> Value:
    """*events* is null where the revision says nothing about script."""
    return {
        "events": None if told.events is None else list(told.events),
        "code": told.code,
        "may_know": told.may_know or None,
        "situation": told.situation or None,
        "spec": told.spec,
    }
