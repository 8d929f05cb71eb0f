"""``python -m tests.trace.rules``: writes anew what the traces of rules/*.txt mean.

A section of those files is a trace made by hand, as a rule knows it or just does not: a title, and behind ``>``
how it began (``start``, with words of ``start_of``), then each change with its answer, or several names before
the same one: a status, with ``after`` and seconds, ``;`` before each field, and ``|`` before the body; ``101``
with what makes it another (``OPENED``); ``= NAME``: the same answer; or ``cut``, ``reset``, ``silent``,
``refused``, ``no tls``, ``alpn``, ``expired``, ``ssh``, ``tls`` and ``pb`` (what came without HTTP),
``endless``, ``stopped``, and ``h2`` with a status. Then
come the conclusions: id, how likely, ``open``, the answers that show it, the sentence, and what to write in
which proxy; with ``> fix`` each line whole. ``> left out`` lists what may still be sent, and why the rest would
tell nothing; ``> next`` what is sent next; ``> makes`` (of which changes) how each request differs from the one
that was given.

A section with ``audit`` in place of ``start`` is an audit of a server, which is rows of ``WHEN: ANSWER``; the
first that holds answers, and behind them stand those of ``CAREFUL``. WHEN is the name of a request, ``after``
and the name of an earlier one (or a number of them), ``*``, or a field of the request with a pattern: a header
field, ``resource`` or ``url``; several with `` & ``. A handshake in clear or without its key or version is
answered by CAREFUL, unless the row begins with ``!``. Then come the weaknesses: id, level, the answers that
show it, the sentence, what was sent and came; then what was not tested, and with ``> asks`` each request."""

import re
from pathlib import Path

import msgspec
from msgspec.structs import replace

from tests.calls import parted
from tests.exchanges import deflated, frame
from tests.http2 import lines
from wsprobe.exchange import (
    Connected,
    ConnectFailed,
    Connecting,
    Ended,
    Exchange,
    Plan,
    Received,
    Resolved,
    Sent,
    TlsDone,
    TlsFailed,
)
from wsprobe.read.tokens import expected_accept
from wsprobe.report.report import report
from wsprobe.request.edits import resource_of, values, without
from wsprobe.request.edits import with_field as changed
from wsprobe.request.opening import Offer, request
from wsprobe.request.target import parse
from wsprobe.trace.answer import answer_of
from wsprobe.trace.audit import not_tested, weaknesses
from wsprobe.trace.audit_requests import AUDIT, PING
from wsprobe.trace.changes import CHANGES
from wsprobe.trace.conclusions import conclusions
from wsprobe.trace.series import Choice, following, left_out
from wsprobe.trace.trace import Backend, Start, Trace

KEY = "AAECAwQFBgcICQoLDA0ODw=="
BROWSER = (
    b"GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nUser-Agent: Mozilla/5.0\r\n"
    b"Origin: %s\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n"
)
FILES = sorted((Path(__file__).parent / "rules").glob("*.txt"))
OPENED = {
    "wrong": "an Accept of another key",
    "bare": "no Accept",
    "other": "another Upgrade",
    "tls": "a switch to TLS, without Accept",
    "closed": "a Close of the server: its code and reason follow",
    "glued": "the same, read together with the 101",
    "dropped": "the connection ended at once",
    "idle": "held, and ended after so many seconds",
    "later": "held, and closed by the server after so many seconds: a code and a reason follow",
    "unverified": "behind a certificate that is refused",
    "deflated": "a compressed message, which follows",
    "pong": "the Pong to the Ping of an audit",
}
"""What makes a 101 another than one that is closed in good order."""
NOT_HTTP = {"ssh": b"SSH-2.0-x\r\n", "tls": b"\x15\x03\x01\0\2\2\x28", "pb": b"\x02\x80\x02\x82pb\x04\x82none"}
NO_TLS = {
    "no tls": ("not-tls", "wrong version number", None),
    "alpn": ("alert", "no_application_protocol", 120),
    "expired": ("certificate", "certificate has expired", None),
}
SECOND = 1_000_000
COOKIE = "session=k3yOfTheSession"
GUARDED = (
    "url ^ws:: 301 Moved Permanently; Location: https://app.example/chat",
    "no-key: 400 Bad Request | bad handshake",
    "no-version: 400 Bad Request | bad handshake",
)
CAREFUL = (
    r"origin ^(?!https://app\.example$).: 403 Forbidden | no",
    "cookie ^$: 401 Unauthorized | login first",
    "*: 101",
)
"""A server with nothing to find: it compares the whole Origin, requires the session, and uses TLS alone."""


class Section(msgspec.Struct, frozen=True):
    """A trace, and what it means."""

    title: str
    lines: tuple[str, ...]
    means: str

    def __str__(self):
        return "\n".join((self.title, *(f"> {line}" for line in self.lines), self.means))

    @property
    def audits(self):
        return self.lines[0].split()[0] == "audit"

    def trace(self):
        """The answers."""
        if self.audits:
            return audit(*(line for line in self.lines[1:] if ": " in line), begin=self.lines[0][5:])
        words = next((line.split()[1:] for line in self.lines if line.startswith("start ")), [])
        seen = Trace(start_of(words), {})
        for line in self.lines:
            names, colon, spec = line.partition(": ")
            if not colon:
                continue
            name = names.partition(", ")[0]
            if spec.startswith("= "):
                answer = seen.answers[spec[2:]]
            else:
                plans = (
                    {each.name: each.plan for row in CHANGES for each in row.make(seen)} if seen.answers else {}
                )
                answer = answer_of(report(exchange_of(plans.get(name, seen.start.plan), spec)))
            seen = Trace(seen.start, {**seen.answers, **dict.fromkeys(names.split(", "), answer)})
        return seen

    def anew(self):
        """What it means now."""
        seen, who = self.trace(), _whole if "fix" in self.lines else _who
        told = [
            f"{each.id} {each.likely:g}{' open' if each.open else ''} [{', '.join(each.because)}]: {each.text}"
            f"\n  -> {who(each.fix)}"
            for each in (() if self.audits else conclusions(seen))
        ]
        if self.audits:
            told += _weak(seen, who)
        if "asks" in self.lines:
            told.append(f"asks {', '.join(seen.answers)}")
        if "left out" in self.lines:
            told += _left_out(seen)
        for line in self.lines:
            if line.startswith("makes"):
                wanted = line.split()[1:]
                asked = (each for row in (AUDIT.rows if self.audits else CHANGES) for each in row.make(seen))
                told += (_made(seen, each) for each in asked if not wanted or each.name.split()[0] in wanted)
        if "next" in self.lines:
            step = following(seen, Choice())
            told.append(f"next {step.name if step is not None else 'nothing'}")
        return "\n".join(line.rstrip() for line in told) or "nothing"


def _who(fix):
    """What to do; of lines for a proxy only which proxy."""
    return "; ".join(
        re.sub(r"\A([A-Z]?\w+(?: \w+)?)(?: \(.*?\))?: .*", r"<\1>", line) for line in fix.splitlines()
    )


def _whole(fix):
    return fix.replace("\n", "\n     ")


def _weak(seen, who):
    """The weaknesses, and why others were not tested."""
    for each in weaknesses(seen):
        shown, of = each.conclusion, each.weakness
        yield f"{of.id} {of.level} [{', '.join(shown.because)}]: {shown.text}"
        yield f"  sent {shown.sent}\n  came {shown.came}"
        if shown.fix:
            yield f"  -> {who(shown.fix)}"
    untested = ((name, why) for name, why in not_tested(seen) if why != NO_LARGE)
    yield from (f"not tested, {line}" for line in _by_reason(untested))


NO_LARGE = "--audit-heavy sends a large message"


def _left_out(seen):
    """What may still be sent, and why the rest would tell nothing."""
    told = left_out(seen, Choice())
    return _by_reason((name, "may be sent" if why.startswith("the limit of") else why) for name, why in told)


def _by_reason(told):
    reasons = {}
    for name, why in told:
        reasons.setdefault(why, []).append(name)
    return (f"{why}: {', '.join(names)}" for why, names in reasons.items())


def _made(seen, question):
    """How a request differs from the one that was given."""
    given, plan = seen.start.plan, question.plan
    before, after = (each.request.decode("latin-1").split("\r\n") for each in (given, plan))
    differs = [f"-{line.partition(': ')[0]}" for line in before if line not in after]
    differs += (f"+{line}" for line in after if line not in before)
    differs += (f"to {each[2]}:{each[3]}" for each in plan.route.connect_to)
    differs += (f"at {each[2][0]}" for each in plan.route.resolve)
    if plan.target.secure != given.target.secure:
        differs.append("with TLS" if plan.target.secure else "without TLS")
    if plan.http2 is not None:
        differs.append(f"over HTTP/2, ALPN {' '.join(plan.tls.alpn or ())}")
    if plan.limits != given.limits:
        differs.append(f"held {plan.limits.linger:g} s, at most {plan.limits.max_time:g} s")
    return f"makes {question.name}: {'; '.join(differs)}".rstrip()


def start_of(words):
    """A trace begins with these words: ``tls``, ``origin`` (the URL's own), ``cross`` (that of
    another page), ``auth`` (credentials, ``_`` for a space), ``each``, ``http2``, ``no-engines``, ``session``
    (a cookie), ``no-extensions``, ``heavy``, a URL, a number of backends (``backends=2``), how long to
    ``hold=``, and ``path=``, ``cookie=`` (its size), ``offer=``, ``host=``, ``clear-port=``, ``field=``
    (``X-Name:value``) and ``resource=`` (the path of the last backend) with a value."""
    urls = [word for word in words if "://" in word]
    given = dict(word.split("=", 1) for word in words if "=" in word and word not in urls)
    url = f"{'wss' if 'tls' in words else 'ws'}://app.example:25100{given.get('path', '/chat')}"
    target = parse(urls[0] if urls else url)
    cookies = (f"a={'x' * int(given['cookie'])}",) if "cookie" in given else ()
    protocols = tuple(given["offer"].split(",")) if "offer" in given else ()
    fields = [f"Authorization: {given['auth'].replace('_', ' ')}"] if "auth" in given else []
    fields += [given["field"].replace(":", ": ")] if "field" in given else []
    more = (COOKIE,) if "session" in words else ()
    sent = request(target, Offer(key=KEY, cookies=cookies + more, protocols=protocols, headers=tuple(fields)))
    origin = target.url.replace("ws", "http", 1).removesuffix(target.resource)
    if "host" in given:
        sent = changed(sent, b"Host", given["host"].encode())
    if "no-extensions" in words:
        sent = without(sent, b"sec-websocket-extensions")
    if "origin" in words:
        sent = changed(sent, b"Origin", origin.encode())
    if "cross" in words:
        sent = changed(sent, b"Origin", b"https://page.example")
    if "auth" in words:
        sent = changed(sent, b"Authorization", b"Basic x")
    host = origin.partition("://")[2].encode()
    browser = BROWSER % (target.resource.encode(), host, origin.encode(), KEY.encode())
    backends = [Backend(f"b{n}", 8000 + n) for n in range(1, int(given.get("backends", 0)) + 1)]
    if backends:
        backends[-1] = replace(backends[-1], resource=given.get("resource", ""))
    return Start(
        Plan(target, sent),
        origin,
        () if "no-engines" in words else (("chromium", browser), ("firefox", browser)),
        tuple(backends),
        "each" in words,
        float(given.get("hold", 0)),
        lines.planned().http2 if "http2" in words else None,
        "heavy" in words,
        int(given.get("clear-port", 0)),
    )


def audit(*rows, begin="session", choice=None):
    """All that an audit asks the server of these *rows*, and what it answers."""
    words = begin.split()
    seen = Trace(start_of(words if "://" in begin else [*words, "wss://app.example/chat"]), {})
    first = [row[1:] for row in rows if row[0] == "!"]
    others = [row for row in rows if row[0] != "!"]
    answers = [row.split(": ", 1) for row in (*first, *GUARDED, *others, *CAREFUL)]
    while (step := following(seen, choice or Choice(series=AUDIT))) is not None:
        found = (spec for when, spec in answers if all(_holds(each, step, seen) for each in when.split(" & ")))
        answer = answer_of(report(exchange_of(step.plan, next(found))))
        seen = Trace(seen.start, {**seen.answers, step.name: answer})
    return seen


OWN = r"cookie . & origin ^(https://app\.example)?$"
"""The session's cookie, from its own page: WHEN of a row of an audit."""


def found(*rows, **how):
    """The weaknesses that an audit of such a server finds."""
    return [each.weakness.id for each in weaknesses(audit(*rows, **how))]


def compressed(extensions, message, *rows):
    """What is found, and whether it was not tested, where such a message comes compressed."""
    came = f"101 deflated {message}; Sec-WebSocket-Extensions: {extensions}"
    seen = audit(*rows, f"{OWN} & sec-websocket-extensions .: {came}")
    untested = {id for id, _ in not_tested(seen)}
    return [each.weakness.id for each in weaknesses(seen)], "compression-with-secrets" in untested


def stopped(*rows):
    """What is said of a server that stops, the last requests to it, and why no large message was sent."""
    seen = audit(*rows, begin="session wss://app.example/chat?token=abcdefghijkl")
    told = [each.conclusion.text for each in weaknesses(seen) if each.weakness.id == "server-stops"]
    return told, list(seen.answers)[-2:], dict(not_tested(seen))["message-size"]


def reasons(seen):
    """Why what was not tested: each reason with its weaknesses."""
    return list(_by_reason(not_tested(seen)))


def got(spec, *words):
    """The answer that *spec* describes, to the request of a trace that begins so."""
    return answer_of(report(exchange_of(start_of(words).plan, spec)))


def _holds(term, step, seen):
    """True if the request is one for which a row holds."""
    name, space, pattern = term.partition(" ")
    if not space:
        return name in ("*", step.name)
    if name == "after":
        return len(seen.answers) >= int(pattern) if pattern.isdigit() else pattern in seen.answers
    request, url = step.plan.request, step.plan.target.url
    value = {"resource": resource_of(request), "url": url.encode()}.get(name)
    value = b", ".join(values(request, name.encode())) if value is None else value
    return re.search(pattern, value.decode()) is not None


def exchange_of(plan, spec):
    """The recording of an answer in words."""
    if spec.startswith("h2 "):
        return over_http2(*spec.split()[1:])
    address = plan.route.resolve[0][2][0] if plan.route.resolve else "127.0.0.1"
    port = plan.target.port
    events = [Resolved(10, plan.target.host, ("127.0.0.1", "::1")), Connecting(20, address, port)]
    if spec == "refused":
        failed = ConnectFailed(30, address, port, "ECONNREFUSED", "connection refused")
        return Exchange(plan, (*events, failed, Ended(40, "error", "connection refused")))
    events.append(Connected(30, address, port))
    if spec in NO_TLS:
        kind, detail, alert = NO_TLS[spec]
        failed_tls = TlsFailed(40, kind, detail, alert=alert)
        return Exchange(plan, (*events, failed_tls, Ended(50, "error", detail)))
    if plan.target.secure:
        problem = "self-signed certificate" if spec == "101 unverified" else ""
        done = TlsDone(40, "TLSv1.3", "TLS_AES_128_GCM_SHA256", "http/1.1", None, not problem, problem=problem)
        events.append(done)
    events.append(Sent(50, plan.request))
    ends = {"cut": "fin", "reset": "reset", "silent": "timeout", "stopped": "interrupted"}
    head, _, body = spec.partition(" |")
    words, *fields = (each.strip() for each in re.split(r";(?= ?[\w-]+: )", head))
    after = re.search(r" after ([\d.]+)", words)
    at = 50 + round(float(after[1]) * SECOND) if after else 60
    words = words.replace(after[0] if after else "", "")
    if words in ends:
        return Exchange(plan, (*events, Ended(at, ends[words])))
    if words == "endless":
        return Exchange(
            plan, (*events, Received(at, b"HTTP/1.1 302 Found\r\nA: b"), Ended(at + 1, "limit", "2048"))
        )
    if words in NOT_HTTP:
        return Exchange(plan, (*events, Received(at, NOT_HTTP[words]), Ended(at + 1, "fin")))
    status, *more = words.split()
    if status == "101":
        return Exchange(plan, (*events, *opened(plan, at, more, fields)))
    text = body.strip().encode().decode("unicode_escape").encode("latin-1")
    framed = [] if "Transfer-Encoding: chunked" in fields else [f"Content-Length: {len(text)}"]
    head_lines = [f"HTTP/1.1 {status} {' '.join(more)}", *fields, *framed, "", ""]
    answer = "\r\n".join(head_lines).encode("latin-1") + text
    return Exchange(plan, (*events, Received(at, answer), Ended(at + 1, "local")))


def over_http2(status, announced="1"):
    """An answer over HTTP/2; ``none``: the server takes no WebSockets, or drops the connection."""
    steps = [] if status == "none" else [["headers", [[":status", status], ["server", "Caddy"]]]]
    settings = {"8": int(announced)} if announced != "-" else {}
    made = lines.recorded({"scenario": "on", "settings": settings, "server": [steps]})
    if announced != "-":
        return made
    *before, _, ended = made.events  # without the announcement no request is sent
    return Exchange(made.plan, (*before, ended))


def opened(plan, at, words, fields):
    """What follows a request that opens, or nearly."""
    how = words[0] if words else ""
    assert not how or how in OPENED, how
    keys = values(plan.request, b"sec-websocket-key")
    accept = expected_accept(b"another" if how == "wrong" else keys[0] if keys else b"")
    upgrade = "Upgrade: " + {"other": "other", "tls": "TLS/1.2,TLS/1.1"}.get(how, "websocket")
    head = ["HTTP/1.1 101 Switching Protocols", upgrade, "Connection: Upgrade", *fields]
    if how not in ("bare", "tls"):
        head.append(f"Sec-WebSocket-Accept: {accept.decode()}")
    frames = frame(1, deflated(" ".join(words[1:]).encode()), rsv=4) if how == "deflated" else b""
    frames = frame(10, PING) if how == "pong" else frames
    after = round(float(words.pop(1)) * SECOND) if how == "later" else 1000
    closes = how in ("closed", "glued", "later")
    close = int(words[1]).to_bytes(2, "big") + " ".join(words[2:]).encode() if closes else b""
    frames = frame(8, close) if how == "glued" else frames
    yield Received(at, "\r\n".join((*head, "", "")).encode() + frames)
    if closes:
        if how != "glued":
            yield Received(at + after, frame(8, close))
        yield Ended(at + after + 1000, "fin")
    elif how in ("dropped", "idle"):
        yield Ended(at + (1000 if how == "dropped" else round(float(words[1]) * SECOND)), "fin")
    else:
        yield Sent(at + 10, bytes.fromhex("888200000000") + b"\x03\xe8")
        yield Received(at + 20, b"\x88\x02\x03\xe8")
        yield Ended(at + 30, "fin")


def sections(text):
    """Those of a file."""
    for title, given, rows in parted(text):
        yield Section(title, given, "\n".join(rows))


if __name__ == "__main__":
    for file in FILES:
        told = [str(replace(each, means=each.anew())) for each in sections(file.read_text("utf-8"))]
        file.write_text("\n\n".join(told) + "\n", "utf-8")
