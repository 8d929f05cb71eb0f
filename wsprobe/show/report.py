"""The report of one handshake: the answer as received, with each finding under its bytes (as in a compiler's
message), its end, and its duration."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from wsprobe.browsers import BY_NAME
from wsprobe.browsers.network import objections
from wsprobe.diagnosis.advice import Advice
from wsprobe.diagnosis.cause import ACTS, as_clause
from wsprobe.diagnosis.senses import names_another_reason
from wsprobe.exchange import (
    SECOND,
    Connected,
    ConnectFailed,
    Connecting,
    Exchange,
    Logged,
    Plan,
    Received,
    Route,
    Sent,
    TlsDone,
    TlsFailed,
    TlsOptions,
    TunnelFailed,
    TunnelReceived,
    TunnelSent,
)
from wsprobe.judge.finding import Finding, Verdict
from wsprobe.judge.subject import has, how, sender
from wsprobe.judge.transport import proxy_answer
from wsprobe.read import read
from wsprobe.read.closing import close_of
from wsprobe.read.frames import first_close
from wsprobe.read.head import split_head
from wsprobe.read.reading import Head, Reading
from wsprobe.read.tokens import is_token, split_list
from wsprobe.recording.certificate import objectionable
from wsprobe.report.outcome import OPENED, TABLE
from wsprobe.report.report import Report
from wsprobe.report.result import further_findings
from wsprobe.report.timing import how_long_exactly
from wsprobe.report.timing import timing as times_of
from wsprobe.request.target import authority
from wsprobe.show import answer, connection, http2
from wsprobe.show.answer import DUMP_BYTES, HEAD_LINES, LONG_LINE, loose, without_style
from wsprobe.show.causes import causes, proxy_lines
from wsprobe.show.causes import to_do as do
from wsprobe.show.connection import chain
from wsprobe.show.lines import Budget, Line, Look, Piece, Style, fitted, left_out, line, width_of
from wsprobe.show.session import NAMES, session
from wsprobe.text import command_line, counted, hexdump, operands, quoted, shown_text, visible
from wsprobe.version import __version__
from wsprobe.wire.authentication import challenges, unspoken
from wsprobe.wire.followup import REDIRECTS, followable, listed_numbers, redirect

USUAL_FIELDS = frozenset(
    {
        *(b"host", b"connection", b"upgrade", b"origin", b"user-agent", b"sec-websocket-key"),
        *(b"sec-websocket-version", b"sec-websocket-protocol", b"sec-websocket-extensions"),
        *(b":method", b":protocol", b":scheme", b":authority", b":path"),
        *(b"sec-websocket-key1", b"sec-websocket-key2", b"sec-websocket-origin", b"websocket-protocol"),
    }
)
"""Fields of a request that ``compare --browser-mode`` sends without being told, and those of earlier drafts,
which no browser of today sends."""
FIELDS_NAMED = 3
"""Fields named at most, of those that it must be told."""
MENDED = ("unresolved", "unreachable", "tls-failed", "proxy-failed", "invalid", "open", "blocked")
"""Outcomes for which the broken rules alone say what to do."""
DUMP_MOST = 16384
"""The most bytes that are not HTTP to show in hex with -vv."""
MEANING = {row.outcome: row.text for row in TABLE if row.outcome}


def handshake(report: Report, look: Look, session_too: bool = True) -> list[Line]:
    """All lines of the report for standard output. *session_too*: also its frames, unless they were already
    shown."""
    reading = report.reading
    findings = further_findings(report.verdict)
    rows = [*fitted([*verdict(report, look), *rebuilt(report)], look), ()]
    rows += fitted([line(Piece(why, "dim")) for why, _ in earlier(reading.exchange)], look)
    if reading.exchange.plan.http2 is not None:
        rows += fitted(http2.spoken(reading), look)
    if reading.looks_like and reading.received:
        rows += received_dump(reading.received, look)
    else:
        rows += answers(reading, findings, look)
    rows += transport_bytes(report, look)
    if session_too:
        rows += session(reading, look)
    if reading.http2 is not None:
        rows += fitted(http2.ending(reading, look), look)
    for finding in unplaced(findings, reading):
        if finding.level != "note" or look.verbose or finding.id in report_notes(report):
            rows += loose(finding, look)
    rows += certificates(report, look)
    rows += why(report, look)
    if look.terminal:
        rows += connection.waterfall(reading, look)
    rows += fitted([connection.summary(reading, look, phases_too=not look.terminal)], look)
    rows += fitted([line(Piece(made_by(report), "dim"))], look)
    return rows


def headline(report: Report) -> Line:
    """The first line: the result, for each client if they differ, and the target."""
    style: Style = "good" if report.result.open else "fail"
    return line(Piece(report.result.headline, style), Piece(f"  {shown_text(report.title)}", "title"))


def unknown(report: Report) -> list[Line]:
    """What the views cannot show, and the command that shows it."""
    result = report.result
    if not result.unknown:
        return []
    return [line(Piece("not known: ", "warn"), result.unknown), line(Piece("  -> ", "good"), result.ask)]


def blocked(report: Report) -> list[Line]:
    """Why clients of the views sent nothing, if they block the port, and what to do."""
    rows = []
    for each in report.blocked:
        rows += [line(Piece(f"{each.id}: ", "fail"), each.statement), line(Piece("  -> ", "good"), each.fix)]
    return rows


def rebuilt(report: Report) -> list[Line]:
    """Lines about a report on another program's file: what the browser said, and which bytes are missing; none
    for wsprobe's own recordings."""
    exchange, final = report.exchange, report.reading.final
    logged = exchange.logged
    rows = []
    if logged and (said := logged.message or logged.error):
        rows.append(line(Piece(f"{browser_of(logged)} said: {shown_text(said)}", "note")))
    if final is not None and final.stated:
        rows.append(line(Piece(f"the status {final.status} is from this message, {_all_of(logged)}", "note")))
    elif exchange.rebuilt:
        rows.append(line(Piece(f"rebuilt from {not_original(exchange)}", "note")))
    if logged and logged.frames:
        rows.append(line(Piece(f"frames, of which no byte is in the file: {_frames(logged)}", "note")))
    return rows


def _all_of(logged: Logged | UnsetType) -> str:
    if logged and logged.source == "devtools":
        return "all that DevTools report; page --repeat sends the request again, and shows the answer"
    return "all that the file has"


FRAMES = 6
"""The most frames listed of those without bytes."""


def _frames(logged: Logged) -> str:
    each = [
        f"{'sent' if frame.sent else 'received'} {NAMES.get(frame.opcode, f'opcode {frame.opcode}')} "
        f"({counted(frame.length, 'byte')})"
        for frame in logged.frames[:FRAMES]
    ]
    left = len(logged.frames) - len(each)
    return ", ".join(each) + (f" and {left} more" if left else "")


def browser_of(logged: Logged) -> str:
    """The name of the browser that wrote a log, without its version; wsprobe for its own HAR file."""
    if logged.source == "har":
        return "wsprobe" if logged.program.startswith("wsprobe ") else "the browser"
    return shown_text(re.sub(r" [\d.]+$", "", logged.program)) or "the browser"


def not_original(exchange: Exchange) -> str:
    """What a recording was rebuilt from, and what it therefore lacks."""
    ends = (
        "" if exchange.logged and exchange.logged.source != "har" else ", and without the end of the connection"
    )
    return f"{shown_text(exchange.rebuilt or '')}: not the original bytes{ends}"


def made_by(report: Report) -> str:
    """The request, the time and the version of wsprobe, so that a report is complete by itself."""
    url = shown_text(report.exchange.plan.target.url)
    name = "" if report.name in ("", report.exchange.plan.target.url) else f" ({shown_text(report.name)})"
    when = f", {shown_text(report.exchange.started)}" if report.exchange.started else ""
    return f"{url}{name}{when}, wsprobe {__version__}"


def answers(reading: Reading, findings: Sequence[Finding], look: Look) -> list[Line]:
    """Every answer, in the form of its protocol."""
    shown = answer.answers if reading.http2 is None else http2.answers
    return shown(reading, findings, look)


def unplaced(findings: Sequence[Finding], reading: Reading) -> list[Finding]:
    """The findings that ``answers`` does not show under a line."""
    if reading.http2 is not None:
        return [f for f in findings if reading.looks_like or not http2.placed(f, reading)]
    return answer.unplaced(findings, [] if reading.looks_like else reading.responses)


def earlier(exchange: Exchange) -> list[tuple[str, Exchange]]:
    """(reason for the next request, exchange) of each earlier exchange, oldest first."""
    hops = exchange.hops
    return [(asked_again(hop, then), hop) for hop, then in zip(hops, (*hops[1:], exchange), strict=False)]


def asked_again(hop: Exchange, then: Exchange) -> str:
    """Why *then* was sent after *hop*: to another URL, in another version (RFC 6455 section 4.4), over the
    other protocol or with credentials, as browsers do."""
    url = shown_text(hop.plan.target.url)
    answer = read(hop)
    final = answer.final
    status = final.status if final is not None else None
    reason = visible(final.reason) if final is not None else ""
    answered = f"{url} answered {status} {reason}".rstrip()
    if how := answered_with(hop, then):
        return f"{answered}: sent again {how}"
    if final is None and any(isinstance(event, TunnelFailed) for event in hop.events):
        how = f"with {scheme(then.plan.route.proxy_authorization or 'Basic')} credentials for the proxy"
        return f"the proxy answered 407 on the way to {url}: sent again {how}"
    listed = ", ".join(map(str, listed_numbers(answer)))
    if then.plan.target.url == hop.plan.target.url and listed:
        return f"{url} answered {status}, and lists {listed}: sent again as {then.plan.wire}"
    if answer.http2 is not None and then.plan.target.url == hop.plan.target.url:
        return http2.asked_again(answer, read(then))
    left = left_behind(hop, then)
    kept = f"; left out for the other origin: {', '.join(left)}" if left else ""
    return f"{answered}: followed to {shown_text(then.plan.target.url)}{kept}"


def answered_with(hop: Exchange, then: Exchange) -> str:
    """How *then* answers the 401 of *hop*; "" if it is not an answer to it."""
    if then.plan.target.url != hop.plan.target.url:
        return ""
    final = read(hop).final
    before, after = (split_head(each.plan.request)[0].all(b"authorization") for each in (hop, then))
    if final is None or final.status != 401 or not after or (before and before[0].value == after[0].value):
        return ""
    named = scheme(after[0].value.decode("latin-1"))
    again = before and scheme(before[0].value.decode("latin-1")) == named
    return f"with {named} and its new nonce" if again else f"with {named} credentials"


def scheme(authorization: str) -> str:
    """The scheme at the beginning of the value of Authorization."""
    return shown_text(authorization.partition(" ")[0])


def left_behind(hop: Exchange, then: Exchange) -> list[str]:
    """What *hop* would send and *then* does not: names of fields, a client certificate, messages."""
    before, after = (split_head(each.plan.request)[0] for each in (hop, then))
    still = {field.key for field in after.fields}
    left = dict.fromkeys(visible(field.name) for field in before.fields if field.key not in still)
    shown = hop.plan.tls.certificate is not None and then.plan.tls.certificate is None
    messages = len(hop.plan.acts) > len(then.plan.acts)
    return [*left, *(["the client certificate"] if shown else []), *(["the messages"] if messages else [])]


def report_notes(report: Report) -> frozenset[str]:
    """Notes that answer "why" when nothing stronger does: shown if no finding fails or warns."""
    strong = any(f.level != "note" for f in report.verdict.findings)
    return (
        frozenset() if strong or report.outcome == "open" else frozenset(f.id for f in report.verdict.findings)
    )


def received_dump(data: bytes, look: Look) -> list[Line]:
    """The bytes received, if they are not HTTP."""
    limit = DUMP_MOST if look.verbose > 1 else DUMP_BYTES
    rows = [line(Piece(row)) for row in hexdump(data[:limit])]
    if len(data) > limit:
        rows.append(left_out(len(data) - limit, "byte", look))
    return rows


def transport_bytes(report: Report, look: Look) -> list[Line]:
    """The bytes of a peer before HTTP could begin: a proxy's answer, or bytes instead of a TLS handshake."""
    rows: list[Line] = []
    if not has(report.reading, TunnelReceived, TlsFailed, ConnectFailed):
        return rows
    for event in report.exchange.events:
        match event:
            case TunnelReceived(data=data) if report.outcome == "proxy-failed":
                rows += _told(data, look)
            case TlsFailed(kind="not-tls", received=data):
                rows += received_dump(data, look)
            case ConnectFailed(address=address, port=port, error=error) if report.outcome == "timeout":
                where = authority(address, port)
                rows.append(line(f"{where}  {look.text(error.encode())}"))
            case _:
                pass
    return rows


def certificates(report: Report, look: Look) -> list[Line]:
    """The server's certificate chain and the browsers' objections, if the chain has a fault."""
    exchange = report.exchange
    if not has(report.reading, TlsDone, TlsFailed):
        return []
    event = next((e for e in reversed(exchange.events) if isinstance(e, TlsDone | TlsFailed)), None)
    if event is None or not objectionable(event):
        return []
    rows = []
    if event.certificate is not None and (isinstance(event, TlsFailed) or event.problem is not None):
        rows = [line(row) for row in chain((event.certificate, *event.issuers), exchange.started)]
    said = objections(exchange)
    rows += [line(f"{BY_NAME[browser].title} says: ", words) for browser, words in said.items()]
    return fitted(rows, look)


def _told(data: bytes, look: Look) -> list[Line]:
    """The proxy's answer, as text."""
    told = data if look.verbose else without_style(data)
    lines = [each.removesuffix(b"\r") for each in told.split(b"\n") if each.strip()]
    room = Budget(HEAD_LINES, look)
    rows: list[Line] = []
    for each in lines:
        if room.full:
            return [*rows, left_out(len(lines) - len(rows), "line", look)]
        rows.append(room.take(line(look.text(each[:LONG_LINE]))))
    return rows


OBVIOUS = frozenset({"refused", "server-error"})
"""Outcomes whose sentence repeats the status line."""


def verdict(report: Report, look: Look) -> list[Line]:
    """The result and the target, and what the result means, unless that is obvious."""
    interrupted = how(report.reading) == "interrupted"
    if report.outcome in OBVIOUS and not interrupted and not look.verbose:
        return [headline(report)]
    return [(*headline(report), Piece(f": {sentence(report, look)}"))]


def why(report: Report, look: Look) -> list[Line]:
    """The causes, what to do, what a script learns, and whether an Origin could have changed the answer."""
    found = unsaid(report)
    broken = [row for each in to_do(report) for row in do(each, look)]
    # The causes of an open session are of its end alone.
    kept = [] if report.outcome == "blocked" else blocked(report)
    rows = [*kept, *(broken if report.outcome == "open" else []), *causes(found.causes, look)]
    rows += [line("To tell the page: ", found.code)] if found.code and found.causes else []
    rows += proxy_lines(found, look)
    if not found.causes and report.outcome != "open":
        rows += broken
    if unexplained(report):
        rows.append(line("Nothing here shows the cause."))
    if report.outcome == "open" and report.exchange.how_ended == "limit":
        rows += do(after_limit(report), look)
    if origin_matters(report):
        rows.append(line("No Origin was sent, and browsers always send one: --origin https://app.example"))
    final = report.reading.final
    refused = final is not None and final.status not in (None, 101) and report.reading.session is None
    logged = report.exchange.logged
    seen = report.views or (logged and logged.script is not None)  # what the script saw is below
    return fitted([*rows, *(_heard(report, look) if refused and not seen else [])], look)


OF_A_CHECK = {*ACTS, "unauthorized", "credentials-refused", "blocked-by-rule", "server-says"} - {
    *("upgrade-required", "unavailable"),
}
"""Causes that leave open whether a check of the Origin is the reason."""


def origin_matters(report: Report) -> bool:
    """True if the request had no Origin, and one could change the answer: a refusal (with an answer or a Close)
    whose causes do not mention it, and whose first may be about it; or a server that names origins."""
    final = report.reading.final
    if final is None or report.reading.request.head.all(b"origin"):
        return False
    if answers_own_close(report):
        return False
    if report.outcome in ("refused", "closed"):
        first = report.causes[0] if report.causes else None
        own = first is not None and (first.id not in OF_A_CHECK or first.certainty == "own-request")
        if own or report.author.other_reason or (first is not None and names_another_reason(first.quote)):
            return False
        return not any("origin" in f"{each.text} {each.fix}".lower() for each in report.causes)
    names = (b"access-control-allow-origin", b"origin", b"sec-websocket-origin")
    varies = b"origin" in (final.head.joined(b"vary") or b"").lower()
    return report.outcome in OPENED and (varies or any(final.head.all(name) for name in names))


def _heard(report: Report, look: Look) -> list[Line]:
    """That a script learns nothing, and the command that shows what it sees, with the Origin and the
    subprotocols that were sent. Other fields, and the options that reach the server, may have a secret: the
    line only names them.

    On a terminal too narrow for both, the command is below, in lines that a shell joins.
    """
    told = report.exchange.client is not UNSET and bool(report.exchange.client.answer)
    asked = report.reading.request.head
    more = list(dict.fromkeys(visible(f.name) for f in asked.fields if f.key not in USUAL_FIELDS))
    left = ["more"] if len(more) > FIELDS_NAMED else []
    way = [] if report.name.startswith("lab:") else _way(report.exchange.plan)
    named = ", ".join([*more[:FIELDS_NAMED], *left, *way])
    added = f" (add {named})" if named else ""
    heard = f"{'Without the relay, a' if told else 'A'} script in a browser sees none of this{added}:"
    origins = [visible(field.value) for field in asked.all(b"origin")]
    page = len(origins) == 1 and re.fullmatch(r"https?://[^\s/?#\\]+", origins[0])  # not "null": it has no page
    own = ["--origin", origins[0]] if page else []
    for field in asked.all(b"sec-websocket-protocol"):
        own += [
            word for name in split_list(field.value) if is_token(name) for word in ("--protocol", visible(name))
        ]
    hops = report.exchange.hops
    first = report.name or (hops[0].plan.target.url if hops else report.asked)
    url = operands(first)  # behind redirects: browsers follow none
    words = ["wsprobe", "compare", "--browser-mode", *map(quoted, (*own, *url))]
    whole = line(f"{heard} ", " ".join(words))
    if not look.terminal or width_of(whole) <= look.width:
        return [whole]
    rows = [f"  {words[0]}"]
    for word in words[1:]:
        if len(rows[-1]) + len(word) + len("  \\") <= look.width:
            rows[-1] += f" {word}"
        else:
            rows[-1] += " \\"
            rows.append(f"    {word}")
    return [line(heard), *map(line, rows)]


REACHED_BY = {
    "family": "-{}",
    "interface": "--interface",
    "proxy": "-x",
    "resolve": "--resolve",
    "connect_to": "--connect-to",
    "unix_socket": "--unix-socket",
    "server_name": "--servername",
    "ca_file": "--cacert",
    "ca_path": "--capath",
    "certificate": "--cert",
    "key": "--key",
    "minimum": "--tls-min",
    "maximum": "--tls-max",
    "ciphers": "--ciphers",
    "pinned": "--pinnedpubkey",
    "verify": "-k",
}
"""Member of ``Route`` or ``TlsOptions`` -> the option that sets it. A recording has no command line."""
USUAL_ROUTE, USUAL_TLS = Route(), TlsOptions()


def _way(of: Plan) -> list[str]:
    """The options without which another command does not reach this server as this one did."""
    given = {
        name: getattr(now, name)
        for now, usual in ((of.route, USUAL_ROUTE), (of.tls, USUAL_TLS))
        if now != usual
        for name in now.__struct_fields__
        if getattr(now, name) != getattr(usual, name)
    }
    header = of.route.proxy_header
    proxied = [] if header is None else ["--haproxy-clientip" if header else "--haproxy-protocol"]
    return [*(option.format(given[name]) for name, option in REACHED_BY.items() if name in given), *proxied]


def answers_own_close(report: Report) -> bool:
    """True if the server's Close is an answer to the client's."""
    return report.outcome == "closed" and report.close is not None and report.close.by == "client"


def unexplained(report: Report) -> bool:
    """True if it failed, and neither a cause nor a broken rule explains it."""
    reading = report.reading
    if report.outcome == "open" or how(reading) == "interrupted" or answers_own_close(report):
        return False
    if report.outcome == "not-upgraded" and reading.http2 is not None and reading.final is None:
        return False  # the first line says what the server's HTTP/2 lacks
    broken = any(each.fatal for each in further_findings(report.verdict))
    return not broken and not report.causes


def unsaid(report: Report) -> Advice:
    """The advice, without the causes that are findings, which already have their usual cause and remedy."""
    found = report.advice
    said = {each.usual for each in report.verdict.findings if each.usual}
    return replace(
        found, causes=tuple(one for one in found.causes if not any(one.text.endswith(each) for each in said))
    )


def to_do(report: Report) -> list[str]:
    """What to do about each broken rule, where no cause says it: ``unsaid`` leaves out the causes of a server
    that cannot be reached and of TLS, and an invalid 101 has none, as most open sessions. Empty for other
    outcomes."""
    if report.outcome not in MENDED:
        return []
    opened = report.outcome == "open"
    found = further_findings(report.verdict)
    broken = [f for f in found if (f.level == "fail" if opened else f.fatal)]
    return list(dict.fromkeys(as_clause(each.advice) for each in broken if each.advice))


def after_limit(report: Report) -> str:
    """What to do about a session that reached a limit of wsprobe."""
    if report.reading.http2 is None:
        longer = ("--max-message", "1g") if "message of more than" in our_limit(report) else ()
        command = command_line("wsprobe", "talk", *longer, url=report.asked)
        return f"to hold the session without this limit: {command}"
    return "the data up to there broke no rule; --json and --save keep it"


def sentence(report: Report, look: Look) -> str:
    """What the outcome means for this recording."""
    if report.reading.http2 is not None and (said := http2.sentence(report)):
        return said
    status = report.reading.status
    # Earlier drafts have their own rules, and findings by them.
    rule = " (RFC 6455 section 4.1, item 1)" if report.verdict.spec == "rfc6455" else ""
    special: dict[str, Callable[[], str]] = {
        "redirected": lambda: f"the server answered {status}{redirected(report, look)}",
        "unauthorized": lambda: f"the server answered {status}: {unauthorized(report)}",
        "refused": lambda: f"the server answered {status}, so no WebSocket was opened{rule}",
        "server-error": lambda: f"the server, or a proxy before it, answered {status}; no WebSocket was opened",
        "not-upgraded": lambda: (
            f"the server answered {status} instead of 101: it did not treat the request as a WebSocket "
            "handshake"
        ),
        "invalid": lambda: invalid(report.verdict),
        "proxy-failed": lambda: through_proxy(report),
        "closed": lambda: closed(report, look),
        "unreachable": lambda: unreachable(report.verdict),
        "tls-failed": lambda: (
            "the server ended TLS after the request was sent, and answered nothing"
            if report.reading.sent
            else "TLS could not be set up, so no request was sent"
        ),
        "timeout": lambda: timed_out(report),
        "dropped": lambda: dropped(report),
        "open": lambda: opened(report),
        "blocked": lambda: "the browser sent no handshake",
    }
    if how(report.reading) == "interrupted" and report.outcome in ("dropped", "open"):
        return interrupted(report)
    make = special.get(report.outcome)
    return make() if make else MEANING[report.outcome]


def unreachable(verdict: Verdict) -> str:
    """Why no address could be reached, if every address refused."""
    refused = {each.id for each in verdict.findings if each.level == "fail"} == {"connect-refused"}
    return "no address could be reached: the connection was refused" if refused else MEANING["unreachable"]


def unauthorized(report: Report) -> str:
    """Whether credentials are required or refused; and the schemes that wsprobe does not support."""
    head = report.reading.request.head
    final = report.reading.final
    given = head.all(b"authorization") or head.all(b"proxy-authorization")
    said = "it refused the credentials that were sent" if given else "it requires credentials"
    return said if final is None else said + foreign(final.head, b"www-authenticate")


def through_proxy(report: Report) -> str:
    """The failure of a proxy; for a 407, what it requires."""
    head = split_head(proxy_answer(report.reading))[0]
    if head.first is None or b" 407" not in head.first.text[:13]:
        return MEANING["proxy-failed"]
    route = report.exchange.plan.route
    refused = "@" in (route.proxy or "") and route.proxy_authorization != ""
    said = "refused the credentials that were sent" if refused else "requires credentials (--proxy-user)"
    return f"the proxy answered 407: it {said}{foreign(head, b'proxy-authenticate')}"


def foreign(head: Head, name: bytes) -> str:
    """The offered schemes that wsprobe does not support, as the end of a sentence."""
    offered = challenges(field.value for field in head.all(name))
    strange = unspoken(offered)
    if not strange:
        return ""
    only = len(strange) == len({each.scheme for each in offered})
    named = shown_text(" and ".join(strange))
    return f"; it offers {'only ' if only else ''}{named}, which wsprobe does not speak"


def interrupted(report: Report) -> str:
    """The time until ^C, and what wsprobe was doing then."""
    after = f"interrupted after {report.exchange.events[-1].at / SECOND:.1f} s"
    if report.outcome == "open":
        return f"the handshake completed; {after}, while the session was open"
    kinds = {type(event) for event in report.exchange.events}
    tried = ", ".join(e.address for e in report.exchange.events if isinstance(e, Connecting))
    under_way = (
        (Received, "while the answer came"),
        (Sent, "while waiting for the answer"),
        (TlsDone, "before the request was sent"),
        (TunnelSent, "while the proxy was connecting"),
        (
            Connected,
            "in the TLS handshake" if report.exchange.plan.target.secure else "before the request was sent",
        ),
        (Connecting, f"while connecting to {tried}"),
    )
    return f"{after}, " + next(
        (words for kind, words in under_way if kind in kinds), "while the name was being resolved"
    )


def redirected(report: Report, look: Look) -> str:
    """What -L did with a redirect, or would do."""
    if report.reading.status not in REDIRECTS:
        return ", which no client follows"
    # What a browser logged is not asked again, so there is no -L.
    return " and redirects" + ("" if report.exchange.logged else _followed(report, look))


def _followed(report: Report, look: Look) -> str:
    to = redirect(report.reading)
    followed = sum(redirect(read(hop)) is not None for hop in report.exchange.hops)
    asked = {hop.plan.target.url for hop in report.exchange.hops}
    final = report.reading.final
    if to is None and (final is None or not final.head.all(b"location")):
        return ", but has no Location"
    if to is None or not followable(to):
        return " to a URL that connect -L cannot follow"
    if followed:
        circle = ", in a loop" if to in asked else ""
        return f", after {counted(followed, 'redirect')}{circle}"
    return "; connect -L follows it" if look.follows else "; --max-redirs 0 follows none"


def invalid(verdict: Verdict) -> str:
    """Why a 101 is invalid, in words: its handshake or its frames."""
    fatal = [finding for finding in verdict.findings if finding.fatal]
    if all(finding.phase == "session" for finding in fatal):
        compression = fatal and all(finding.spec.startswith("RFC 7692") for finding in fatal)
        return f"a 101, but the frames that followed break RFC {7692 if compression else 6455}"
    of = "no conforming client" if verdict.spec == "rfc6455" else f"no client of {verdict.spec}"
    return f"a 101 that {of} accepts"


def closed(report: Report, look: Look) -> str:
    """The server's code, its name, and the reason."""
    close = close_of(report.reading)
    if close is None or close.code is None:
        return "the server closed the session with a Close frame that has no code (a script sees 1005)"
    from wsprobe.explain.tables import name_of  # its tables, only for a Close

    reason = f': "{look.text(close.reason.encode())}"' if close.reason else ", without a reason"
    if close.by == "client":
        who = sender(report.reading) if report.exchange.client is UNSET else "the client"
        return (
            f"{who} closed the session first; the server answered {close.code} ({name_of(close.code)}){reason}"
        )
    return f"the server closed the session with {close.code} ({name_of(close.code)}){reason}"


def dropped(report: Report) -> str:
    """Who ended the connection, if not the server."""
    if report.exchange.how_ended == "limit":
        return f"wsprobe ended the connection at {our_limit(report)}, before a complete answer"
    return "no WebSocket was opened"  # the finding above has what came, and how it ended


def opened(report: Report) -> str:
    """The outcome ``open`` in words: who ended the session, and why."""
    if report.exchange.how_ended == "limit":
        return f"the handshake completed; wsprobe ended the session at {our_limit(report)}"
    close = close_of(report.reading)
    if close is None and report.exchange.how_ended == "timeout":
        return f"the handshake completed; wsprobe ended the session: {ended(report)}"
    plan = report.exchange.plan
    if close is not None and close.by == "client" and not any(act.do == "close" for act in plan.acts):
        who = sender(report.reading) if report.exchange.client is UNSET else "the client"
        return f"the handshake completed; {who} closed the session first{_closed_after(report)}"
    if (
        close is None
        and report.exchange.client is not UNSET
        and report.exchange.client.ended in ("fin", "reset")
    ):
        return "the handshake completed; the client ended the connection without a Close frame"
    if close is not None and close.by == "server":
        code = "" if close.code is None else f" ({close.code})"
        return f"the handshake completed; the server closed the session{code}"
    return "the handshake completed"


def _closed_after(report: Report) -> str:
    """How long the session was open until the client closed it, and the option that says so, if it does."""
    head, session = times_of(report.reading).head, report.reading.session
    ours = first_close(session.sent) if session is not None else None
    if head is None or ours is None:
        return ""
    seconds, linger = (ours.at - head * 1000) / SECOND, report.exchange.plan.limits.linger
    # A busy machine may be late. A relay's client knows no --linger.
    by_linger = report.exchange.client is UNSET and linger <= seconds < linger + 0.1
    return f", after {linger:g} s (--linger)" if by_linger else f", after {how_long_exactly(seconds)}"


def our_limit(report: Report) -> str:
    """The limit that ended the recording, in words."""
    last = report.exchange.ended
    return f"its own limit of {last.error}" if last is not None and last.error else "a limit of its own"


def timed_out(report: Report) -> str:
    """What took longer than which limit; old recordings have only the limits."""
    last = report.exchange.ended
    return ended(report) if last is not None and last.error else f"the time ran out: {ended(report)}"


def ended(report: Report) -> str:
    """The limit of time that ran out, in words."""
    last = report.exchange.ended
    limits = report.exchange.plan.limits
    said = last.error if last is not None else ""
    if not said and report.exchange.logged:
        said = "wsprobe watched the page no longer (-m, --for)"
    return (
        said
        or f"{limits.max_time:g} s in all (-m), {limits.connect_timeout:g} s to connect (--connect-timeout)"
    )
