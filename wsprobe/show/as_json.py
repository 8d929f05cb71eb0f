"""A report as the values of the JSON contract (``contract.py``): each member filled from what was read."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import UNSET, UnsetType
from msgspec.structs import asdict, replace

from wsprobe.browsers.engine import DomEvent, DomException, ScriptView, dom_event
from wsprobe.browsers.fetch import Fetched
from wsprobe.browsers.network import objections
from wsprobe.browsers.tell import Tellable
from wsprobe.diagnosis.cause import Cause
from wsprobe.exchange import Certificate, Exchange, Script, TlsDone, TlsFailed
from wsprobe.judge.finding import Finding, Verdict
from wsprobe.read import read, received_of, responses_of
from wsprobe.read.closing import close_of
from wsprobe.read.head import split_head
from wsprobe.read.http2_values import Http2Connection, setting_name
from wsprobe.read.reading import Body, Field, Head, Reading, Response, Session, final_answer
from wsprobe.read.request import request_fields
from wsprobe.recording.certificate import days_left, described, objectionable
from wsprobe.relay.client import PageClose, close_of_client, request_differences, told_to_client
from wsprobe.report.report import Report
from wsprobe.report.result import EngineAnswer, Result
from wsprobe.report.state import Comparison, Standing, UrlChange, differences
from wsprobe.report.timing import timing
from wsprobe.show import contract
from wsprobe.show.json_text import brief
from wsprobe.version import __version__
from wsprobe.watch.summary import Watch, percentiles

if TYPE_CHECKING:
    from wsprobe.trace.conclusion import Conclusion
    from wsprobe.trace.weakness import Found

Made = TypeVar("Made", bound=contract.Object)


def report_value(
    report: Report, tellable: dict[str, contract.TellableJson] | None = None
) -> contract.ReportJson:
    """The whole object that ``connect --json`` prints, and ``compare --json`` with the views added."""
    reading = report.reading
    exchange = reading.exchange
    answers = report.answers or (None,) * len(report.views)
    over_http2: dict[str, Any] = {} if reading.http2 is None else http2_members(reading)
    script = exchange.logged.script if exchange.logged else None
    of_page = _logged_members(exchange) | ({} if script is None else page_members(script))
    kind = contract.ReportJson if script is None else contract.PageReportJson
    return kind(
        format=1,
        wsprobe=__version__,
        url=exchange.plan.target.url,
        name=report.name or None,
        rebuilt=exchange.rebuilt,
        worker=exchange.worker,
        outcome=report.outcome,
        exit_status=int(report.exit_status),
        request=request_value(reading),
        response=response_value(reading),
        hops=[_hop_value(hop) for hop in exchange.hops],
        tls=tls_value(exchange),
        timing=timing(reading),
        causes=cause_values(report.causes),
        findings=[finding_value(f, reading.received) for f in report.verdict.findings],
        session=None if reading.session is None else session_value(reading.session),
        close=close_of(reading),
        **over_http2,
        **of_page,
        client=client_value(reading),
        exchange=exchange,
        result=result_value(report.result) if report.views else UNSET,
        views=[view_value(view, answer) for view, answer in zip(report.views, answers, strict=True)] or UNSET,
        verdicts=[verdict_value(verdict, reading) for verdict in report.verdicts] or UNSET,
        tellable=UNSET if tellable is None else tellable,
        fetch=UNSET if report.fetched is None else fetch_value(report.fetched),
    )


def filled_from(kind: type[Made], source: object, /, **other: Any) -> Made:
    """An object of *kind* whose members are the attributes of *source* with the same names, except those given
    in *other*. Raises AttributeError if *source* has no attribute for a member."""
    names = _shared(kind, *other)
    return kind(**dict(zip(names, map(getattr, repeat(source), names), strict=True)), **other)


@cache
def _shared(kind: type[contract.Object], *other: str) -> tuple[str, ...]:
    """The members of *kind* but *other*. Cached, because each finding and each cause of a list needs them."""
    return tuple(name for name in kind.__struct_fields__ if name not in other)


def page_members(script: Script) -> dict[str, Any]:
    """The members that only a socket of a real page has."""
    calls = [filled_from(contract.CallJson, call) for call in script.stack]
    first = calls[0] if calls else None
    return {
        "script": first and contract.ScriptJson(**asdict(first), kind=script.kind, stack=calls),
        "seen": script.seen and [replace(event_value(dom_event(each)), time=each.time) for each in script.seen],
        "console": [*script.console],
    }


def _logged_members(exchange: Exchange) -> dict[str, Any]:
    """What a browser's log adds; nothing for wsprobe's own recordings."""
    logged = exchange.logged
    if not logged:
        return {}
    console = [logged.message] if logged.message else UNSET
    return {
        "source": logged.source,
        "page": logged.page or UNSET,
        "net_error": logged.error or UNSET,
        "console": console,
    }


def result_value(result: Result) -> contract.ResultJson:
    """What came of the URL, for each client."""
    unknown = f"{result.unknown} ({result.ask})" if result.unknown else UNSET
    return filled_from(contract.ResultJson, result, usable=bool(result.usable), unknown=unknown)


def fetch_value(fetched: Fetched) -> dict[str, contract.FetchJson]:
    """By engine: what fetch() sees."""
    answered = read(fetched.exchange).status
    return {
        view.browser: filled_from(
            contract.FetchJson,
            view,
            url=fetched.url,
            exception=exception_value(view.exception),
            body=None if view.status is None else view.body.decode("utf-8", "replace"),
            answered=answered,
            add=view.add or UNSET,
        )
        for view in fetched.views
    }


def client_value(reading: Reading) -> contract.ClientJson | UnsetType:
    """The client's side of a relay's recording; UNSET for any other."""
    exchange = reading.exchange
    client = exchange.client
    if client is UNSET:
        return UNSET
    head, _ = split_head(client.request)
    told, close = told_to_client(exchange), close_of_client(reading)
    return contract.ClientJson(
        peer=client.peer,
        request=contract.RequestJson(line=_first_line(head), headers=_pairs(head.fields), raw=client.request),
        differs=[
            contract.DifferenceJson(
                name=each.name,
                client=None if each.client is None else _text(each.client),
                wsprobe=None if each.wsprobe is None else _text(each.wsprobe),
            )
            for each in request_differences(exchange)
        ],
        told=None if told is None else contract.ToldToClientJson(status=told[0], close=_close_frame(told[1])),
        close=_close_frame(close),
        ended=client.ended,
    )


def _close_frame(close: PageClose | None) -> contract.CloseFrameJson | None:
    return None if close is None else filled_from(contract.CloseFrameJson, close)


def watch_value(watch: Watch) -> contract.WatchJson:
    """The last probe of *watch* among all its probes; there is at least one."""
    last, since, before = watch.last, watch.since, watch.before
    assert last is not None
    assert since is not None
    assert watch.availability is not None
    held = last.held
    return contract.WatchJson(
        probe=watch.probes,
        started=last.started,
        up=last.up,
        availability=round(watch.availability, 6),
        changed=watch.changed,
        changes=list(differences(before.state, last.state)) if watch.changed and before is not None else [],
        since=since.started,
        met=last.met,
        held=None
        if held is None
        else filled_from(contract.HeldJson, held, seconds=round(held.seconds, 6), idle=round(held.idle, 6)),
        phases={
            name: contract.PhaseJson(median=round(at[0], 3), p95=round(at[1], 3))
            for name, at in percentiles(watch).items()
        },
    )


def trace_value(reports: Sequence[tuple[str, Report]], found: Sequence[Conclusion]) -> contract.TraceJson:
    """The whole object that ``trace --json`` prints. *reports*: one or more, by change."""
    return contract.TraceJson(
        url=reports[0][1].exchange.plan.target.url,
        changes=[contract.ChangeJson(change=name, report=report_value(report)) for name, report in reports],
        causes=cause_values(reports[0][1].causes),
        conclusions=[filled_from(contract.ConclusionJson, each) for each in found],
    )


def comparison_value(of: Comparison) -> contract.ComparisonJson:
    """The whole object of ``--json`` for two runs."""
    return contract.ComparisonJson(
        format=1,
        wsprobe=__version__,
        worse=of.worse,
        old_urls=of.old,
        new_urls=of.new,
        same=len(of.unchanged),
        counts={kind.value: count for kind, count in of.counts.items()},
        changes=[_url_change_value(each) for each in of.changes],
    )


def _url_change_value(change: UrlChange) -> contract.UrlChangeJson:
    old, new = _standing_value(change.old), _standing_value(change.new)
    return filled_from(
        contract.UrlChangeJson, change, change=change.kind.value, old=old, new=new, differences=change.details
    )


def _standing_value(standing: Standing | None) -> contract.StandingJson | None:
    if standing is None:
        return None
    state = standing.state
    return filled_from(
        contract.StandingJson,
        state,
        status=int(state.status) if state.status else None,
        subprotocol=state.protocol,
        cause=standing.cause or None,
    )


def audit_value(
    reports: Sequence[tuple[str, Report]], found: Sequence[Found], untested: Sequence[tuple[str, str]]
) -> contract.TraceJson:
    """The whole object that ``trace --audit --json`` prints. *reports*: one or more, by request."""
    whole = trace_value(reports, ())
    return replace(
        whole,
        changes=[  # of a very large message without the recording
            replace(each, report=brief(each.report)) if each.change == "large" else each
            for each in whole.changes
        ],
        weaknesses=[
            filled_from(
                contract.WeaknessJson,
                each.weakness,
                text=each.conclusion.text,
                sent=each.conclusion.sent,
                came=each.conclusion.came,
                because=each.conclusion.because,
                fix=each.fix,
            )
            for each in found
        ],
        not_tested=[contract.NotTestedJson(id=id, why=why) for id, why in untested],
    )


def _text(data: bytes) -> str:
    return data.decode("latin-1")


def _pairs(fields: Sequence[Field]) -> list[contract.Pair]:
    return [(field.name.decode("latin-1"), field.value.decode("latin-1")) for field in fields]


def _first_line(head: Head) -> str:
    return _text(head.first.text) if head.first is not None else ""


def request_value(reading: Reading) -> contract.RequestJson | None:
    """None if nothing was sent."""
    if reading.http2 is not None:
        return _request_over_http2(reading, reading.http2)
    request = reading.request
    if request.head.first is None:
        return None
    raw = request.head.raw + request.rest
    return contract.RequestJson(line=_first_line(request.head), headers=_pairs(request.head.fields), raw=raw)


def _hop_value(hop: Exchange) -> contract.HopJson:
    reading = read(hop)
    return contract.HopJson(url=hop.plan.target.url, response=response_value(reading))


def response_value(reading: Reading) -> contract.ResponseJson | None:
    """The final answer with the interim ones before it; None if no byte of an answer arrived."""
    if reading.http2 is not None and reading.responses:
        return _response_over_http2(reading, reading.http2)
    return _response(reading.responses)


def _response(responses: Sequence[Response]) -> contract.ResponseJson | None:
    if not responses:
        return None
    interim = [one_response(r, UNSET) for r in responses if r.interim]
    final = final_answer(responses)
    if final is None:
        return contract.ResponseJson(status_line=None, status=None, headers=[], informational=interim)
    return one_response(final, interim)


def one_response(response: Response, interim: list[contract.ResponseJson] | UnsetType) -> contract.ResponseJson:
    """One answer. *interim*: the interim answers before it, for a final one."""
    if response.stated:
        return contract.ResponseJson(
            status_line=None, status=response.status, headers=[], raw=None, from_="sentence"
        )
    return contract.ResponseJson(
        status_line=_first_line(response.head),
        version=response.version,
        status=response.status,
        reason=_text(response.reason),
        headers=_pairs(response.head.fields),
        raw=response.head.raw,
        complete=response.head.complete,
        body=None if response.body is None else body_value(response.body),
        informational=interim,
    )


def _request_over_http2(reading: Reading, of: Http2Connection) -> contract.RequestJson:
    block = [(_text(name), _text(value)) for name, value in request_fields(reading)]
    return contract.RequestJson(
        line=None,
        headers=[pair for pair in block if not pair[0].startswith(":")],
        raw=_raw(of.request.raw if of.request is not None else b"", reading),
        fields=block,
        sent=of.request is not None,
    )


def _raw(block: bytes, reading: Reading) -> bytes | None:
    """*block* of headers; None if it was written again from their names and values."""
    return None if reading.exchange.rebuilt else block


def _response_over_http2(reading: Reading, of: Http2Connection) -> contract.ResponseJson:
    every = [
        replace(
            one_response(response, UNSET),
            status_line=None,
            fields=_pairs(block.fields),
            raw=_raw(block.raw, reading),
        )
        for response, block in zip(reading.responses, of.blocks, strict=False)
    ]
    if final_answer(reading.responses) is None:
        return contract.ResponseJson(status_line=None, status=None, headers=[], fields=[], informational=every)
    return replace(every[-1], informational=every[:-1])


def http2_members(reading: Reading) -> dict[str, Any]:
    """The members of a report that only a WebSocket over HTTP/2 has."""
    of = reading.http2
    assert of is not None
    end = of.end
    return {
        "http": "2",
        "settings": {setting_name(key): value for key, value in of.settings},
        "frames": [
            filled_from(
                contract.Http2FrameJson,
                frame,
                type=frame.name,
                flags=tuple(frame.flag_names),
                length=None if reading.exchange.rebuilt and frame.name == "HEADERS" else frame.length,
                at=frame.at / 1000,
            )
            for frame in of.frames[: contract.FRAMES_MOST]
        ],
        "frames_left_out": max(0, len(of.frames) - contract.FRAMES_MOST),
        "stream_end": None
        if end is None
        else filled_from(contract.StreamEndJson, end, name=end.name or None, debug=_text(end.debug) or None),
        "trailers": None if of.trailers is None else _pairs(of.trailers.fields),
    }


def body_value(body: Body) -> contract.BodyJson:
    """The body of an answer; its text is that of the decoded content, as UTF-8."""
    content = body.decoded if body.decoded is not None else body.content
    return filled_from(
        contract.BodyJson,
        body,
        size=len(body.content),
        text=content.decode("utf-8", "replace"),
        raw=body.content,
        truncated=body.cut or not body.complete,
        coding=body.coding or None,
        problem="; ".join(filter(None, (body.problem, body.coding_problem))) or None,
    )


def certificate_value(shown: Certificate, started: str) -> contract.CertificateJson:
    """The server's certificate. *started*: when the handshake began, from which its days are counted."""
    more = described(shown.der)
    return filled_from(
        contract.CertificateJson,
        shown,
        days_left=days_left(shown, started),
        key=more.key,
        signature=more.signature,
        sha256=more.sha256,
        public_key=more.public_key and f"sha256//{more.public_key}",
    )


def tls_value(exchange: Exchange) -> contract.TlsJson | None:
    """None for ws:."""
    if not exchange.plan.target.secure:
        return None
    for event in reversed(exchange.events):
        if type(event) is not TlsDone and type(event) is not TlsFailed:
            continue
        first = () if event.certificate is None else (event.certificate,)
        chain = [certificate_value(each, exchange.started) for each in (*first, *event.issuers)]
        more: dict[str, Any] = {
            "chain": chain,
            "days_left": chain[0].days_left if first else None,
            "browsers": objections(exchange) if objectionable(event) else {},
        }
        if isinstance(event, TlsDone):
            no_failure = {"kind": UNSET, "reason": UNSET, "alert": UNSET}
            return filled_from(contract.TlsJson, event, error=event.problem, **no_failure, **more)
        nothing = {"version": None, "cipher": None, "alpn": None, "verified": False}
        return filled_from(contract.TlsJson, event, reason=event.reason or None, **nothing, **more)
    return None


def cause_values(found: Sequence[Cause]) -> list[contract.CauseJson]:
    """The causes, the likeliest first."""
    return [filled_from(contract.CauseJson, each) for each in found]


def finding_value(finding: Finding, received: bytes) -> contract.FindingJson:
    """A finding; its bytes are those of *received* in its span, at most 1,000."""
    start, end = finding.span or (0, 0)
    return filled_from(
        contract.FindingJson,
        finding,
        usual=finding.usual or None,
        span=UNSET if finding.span is None else finding.span,
        bytes=UNSET if finding.span is None else _text(received[start : min(end, start + 1000)]),
    )


def session_value(session: Session) -> contract.SessionJson:
    """The frames of both sides: first all of the server's, then all of the client's."""
    both: tuple[tuple[contract.Who, Iterable[Any]], ...] = (
        ("server", session.frames),
        ("client", session.sent),
    )
    return contract.SessionJson(
        frames=[
            contract.FrameJson(
                by=who,
                at=f.at / 1000,
                fin=f.fin,
                rsv=f.rsv,
                opcode=f.opcode,
                masked=f.masked,
                length=f.length,
                payload=f.data,
            )
            for who, frames in both
            for f in frames
        ],
        rest=session.rest,
    )


def answered_value(answer: EngineAnswer) -> contract.AnsweredJson:
    """The answer to an engine's own request."""
    if answer.over_http2:
        reading = read(answer.exchange)
        received, response = reading.received, response_value(reading)
    else:
        received = received_of(answer.exchange)
        response = _response(responses_of(answer.exchange))
    return contract.AnsweredJson(
        outcome=answer.outcome,
        response=response,
        causes=cause_values(answer.causes),
        findings=[finding_value(f, received) for f in answer.verdict.findings],
    )


def view_value(view: ScriptView, answer: EngineAnswer | None) -> contract.ViewJson:
    """What a script sees. *answer* belongs to the engine's own request."""
    return filled_from(
        contract.ViewJson,
        view,
        answered=UNSET if answer is None else answered_value(answer),
        exchange=UNSET if answer is None else answer.exchange,
        exception=exception_value(view.exception),
        events=[event_value(event) for event in view.events],
        races=view.races or None,
        otherwise=view.otherwise or None,
        beyond=view.beyond or UNSET,
        local_network=view.local_network or UNSET,
        assumes=view.assumes.words if view.assumes is not None else UNSET,
    )


def exception_value(exception: DomException | None) -> contract.ExceptionJson | None:
    """What the constructor threw; None if it threw nothing."""
    if exception is None:
        return None
    return filled_from(
        contract.ExceptionJson, exception, code=UNSET if exception.code is None else exception.code
    )


def event_value(event: DomEvent) -> contract.EventJson:
    """An event that a script received."""
    match event.type:
        case "open":
            return contract.OpenJson(protocol=event.protocol, extensions=event.extensions)
        case "message":
            size = UNSET if event.size is None else event.size
            if isinstance(event.data, bytes):
                return contract.MessageJson(binary=True, data=b64encode(event.data).decode("ascii"), size=size)
            return contract.MessageJson(data=event.data, size=size)
        case "left-out":
            assert event.size is not None
            return contract.LeftOutJson(messages=event.size)
        case "close":
            return contract.CloseEventJson(code=event.code, reason=event.reason, was_clean=event.was_clean)
        case "throw":
            return contract.ThrowJson(exception=exception_value(event.exception))
        case "error" if event.message is not None:
            return contract.ErrorJson(message=event.message, error=event.error)
        case _:
            return contract.ErrorJson()


def tellable_value(groups: Sequence[Tellable], urls: Sequence[str]) -> dict[str, contract.TellableJson]:
    """Engine -> groups of URLs that look the same to a script, and how the groups differ."""
    return {
        each.browser: contract.TellableJson(
            groups=[[urls[i] for i in group] for group in each.groups], by=each.by
        )
        for each in groups
    }


def verdict_value(verdict: Verdict, reading: Reading) -> contract.VerdictJson:
    """The verdict of one revision; the spans of its findings are in what *reading* received."""
    told = verdict.told
    return filled_from(
        contract.VerdictJson,
        verdict,
        findings=[finding_value(f, reading.received) for f in verdict.findings],
        told=told
        and filled_from(
            contract.ToldJson, told, may_know=told.may_know or None, situation=told.situation or None
        ),
    )
