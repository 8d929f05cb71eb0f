"""The weaknesses of an endpoint that an audit looks for: whose pages open a session (cross-site WebSocket
hijacking); secrets in the URL, in cookies that the handshake sets, and under compression; sessions in clear,
certificates, and how large a message may be; what answers betray of the programs behind the endpoint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_plus

from wsprobe.diagnosis.origin_checks import origin_checks
from wsprobe.diagnosis.proxies import LineValues, mending, path_for_lines, table
from wsprobe.exchange import TlsDone, TlsFailed
from wsprobe.read.closing import close_of
from wsprobe.read.frames import PONG, RSV1, agreed_deflate, messages_of
from wsprobe.request.edits import resource_of, values
from wsprobe.request.target import loopback
from wsprobe.trace.answer import Answer, content_of
from wsprobe.trace.audit_requests import (
    JWT,
    LARGE,
    NO_PORT_BESIDE,
    PING,
    foreign_that_opens,
    kept_by_browsers,
    page_origin,
    port_beside,
    prefixed,
    sibling,
    suffixed,
    tokens,
)
from wsprobe.trace.audit_session import admitted, answered, came, reference, refused, stopped_by, unsteady
from wsprobe.trace.conclusion import Conclusion
from wsprobe.trace.request_words import STRANGER
from wsprobe.trace.trace import Trace
from wsprobe.trace.weakness import Shown, found, weakness


@weakness
def any_origin(seen: Trace) -> Shown:
    like, bare, kept = reference(seen), seen["no-credentials"], kept_by_browsers(seen.start.plan)
    tried = {name: answer for name in ("origin-other", "origin-null") if (answer := seen[name]) is not None}
    names = [name for name, answer in tried.items() if admitted(answer, like)]
    if not kept:
        return "no cookies (-b), Basic credentials (-u) or client certificate (--cert) were given"
    if not tried:
        return "no foreign Origin was sent"
    if not names:
        unclear = next((answer for answer in tried.values() if not refused(answer)), None)
        return f"a foreign Origin got {came(unclear)}" if unclear is not None else unsteady(seen)
    if bare is None:
        return "it was not tested without the credentials"
    if admitted(bare, like):
        return "it opens without the credentials too: public, or protected later in the session"
    if not refused(bare):
        return f"without the credentials it got {came(bare)}"
    if why := unsteady(seen):
        return why
    origins = " and ".join({"origin-other": STRANGER, "origin-null": "null"}[name] for name in names)
    opened = seen.answers[names[0]]
    only_null = names == ["origin-null"]
    alone = (
        "Sandboxed frames and data: URLs send Origin: null, and any page can make one. "
        if only_null
        else "The Origin is not checked. "
    )
    return found(
        f"{alone}With {' and '.join(kept)}, a page of any website opens a session; without them it is refused.",
        (*names, "no-credentials", "again"),
        sent=f"the handshake with {' and '.join(kept)}, Origin: {origins}; then the same without them, "
        f"Origin: {foreign_that_opens(seen)}",
        came=f"{came(opened)}; without them {came(bare)}",
        fix="take null out of the allowed origins" if only_null else lines_for(seen),
    )


def lines_for(seen: Trace) -> str:
    """What to write so that only the page's own Origin is let in: in the program, or in the proxy."""
    page = page_origin(seen)
    programs = [each.author.id for each in seen.answers.values() if each.author.id]
    place = LineValues(path_for_lines(seen.start.plan.target.resource), part=page)
    proxies = mending("origin", seen.proxies, place) if seen.proxies else ""
    return "\n".join(filter(None, (origin_checks(programs, page), proxies)))


def _compared(seen: Trace, name: str, origin: str, how: str) -> Shown:
    """Whether the *origin* of *name* opens a session, where the page's own does and a foreign one does not."""
    other, own, tried = seen["origin-other"], seen.own, seen[name]
    if own is None or not admitted(own, own):
        return "the page's own Origin opens no session (--origin gives another)"
    if other is None or admitted(other, reference(seen)):
        return "any Origin opens a session" if other is not None else "no foreign Origin was sent"
    if not refused(other):
        return f"a foreign Origin got {came(other)}, which is not a refusal"
    if tried is None:
        return "no such Origin can come from a browser for this host, or it was left out"
    if not admitted(tried, reference(seen)) and not refused(tried):
        return f"it got {came(tried)}"
    if refused(tried) or unsteady(seen):
        return unsteady(seen)
    return found(
        f"The server compares only the {how} of the Origin: it accepts {origin}, and refuses {STRANGER}.",
        ("origin-other", name, "again"),
        sent=f"the handshake with Origin: {origin}, which is another site than {page_origin(seen)}; then with "
        f"Origin: {STRANGER}",
        came=f"{came(tried)}; with {STRANGER} {came(other)}",
        fix=lines_for(seen),
    )


@weakness
def origin_prefix(seen: Trace) -> Shown:
    return _compared(seen, "origin-prefix", prefixed(page_origin(seen)), "beginning")


@weakness
def origin_suffix(seen: Trace) -> Shown:
    page, other = page_origin(seen), seen["origin-sibling"]
    shown = _compared(seen, "origin-domain", suffixed(page, 2), "end")
    if not isinstance(shown, str):
        return shown
    shown = _compared(seen, "origin-suffix", suffixed(page), "end")
    if isinstance(shown, str) or not sibling(page) or refused(other):
        return shown
    # evilchat.app.example may be let in by a rule for all names of app.example, as another name there shows.
    every = admitted(other, reference(seen))
    return "" if every else "it is unknown whether the server allows all names under the parent domain"


SECRET_IN_TEXT = (
    r"(?i)\b(?:access_?token|id_?token|token|jwt|secret|csrf\w*|xsrf\w*|api_?key|password|session_?id)"
    r"[\"']?\s*[:=]\s*[\"']?([\w.~+/=-]{8,})"
)
SHORTEST = 8
"""Characters of a given secret that is looked for in messages: a shorter one may be there by chance."""


@weakness
def token_in_url(seen: Trace) -> Shown:
    names = tokens(resource_of(seen.start.plan.request))
    like, bare = reference(seen), seen["no-token"]
    if not names or like is None or admitted(bare, like):
        return ""
    if bare is None:
        return "it was not tested without the token"
    if not refused(bare):
        return f"without the token it got {came(bare)}"
    if why := unsteady(seen):
        return why
    listed = ", ".join(names)
    return found(
        f"The query parameter {listed} opens the session, and the server accepts it more than once.",
        ("base", "no-token", "again"),
        sent=f"the handshake with {listed} in the query, twice or more; then without",
        came=f"{came(like)}; without it {came(bare)}",
    )


# -- cookies


def _set(answer: Answer) -> Iterator[tuple[str, dict[str, str]]]:
    """(name, attributes in lower case) of each cookie that *answer* sets, and does not delete."""
    heads = [response.head for response in answer.reading.responses]
    for field in (field for head in heads for field in head.all(b"set-cookie")):
        first, *rest = field.value.decode("latin-1").split(";")
        name, equals, value = first.partition("=")
        pairs = (each.partition("=") for each in rest)
        attributes = {key.strip().lower(): text.strip().lower() for key, _, text in pairs}
        if equals and value.strip(' \t"') and not _deletes(attributes):
            yield name.strip(), attributes


def _deletes(attributes: dict[str, str]) -> bool:
    """True for what removes a cookie: Max-Age counts before Expires (RFC 6265 section 5.3), which programs set
    to the beginning of their clock or earlier."""
    age = attributes.get("max-age", "")
    if re.fullmatch("-?[0-9]+", age):
        return age.startswith("-") or not age.strip("0")
    year = re.search(r"[ -](\d{4})\b", attributes.get("expires", ""))
    return year is not None and int(year[1]) <= 1970


def _on_tls(seen: Trace) -> Iterator[tuple[str, str, dict[str, str]]]:
    """(request, cookie, attributes) of all that the endpoint itself sets."""
    for name, answer in seen.answers.items():
        if not name.startswith("clear"):
            yield from ((name, cookie, attributes) for cookie, attributes in _set(answer))


def _lacking(seen: Trace, what: str, lacks: list[tuple[str, str]]) -> Shown:
    if not lacks or reference(seen) is None:
        return ""
    names = ", ".join(dict.fromkeys(cookie for _, cookie in lacks))
    first = lacks[0][0]
    return found(
        f"The answer to the handshake sets a cookie without {what}: {names}.",
        (first,),
        sent=f"the handshake ({first})",
        came=f"{came(seen.answers[first])}, with Set-Cookie: {names}, without {what}",
        fix="Set-Cookie: NAME=VALUE; Secure; HttpOnly; SameSite=Lax; Path=/",
    )


@weakness
def cookie_without_secure(seen: Trace) -> Shown:
    if not seen.start.plan.target.secure:
        return "there is no TLS"
    return _lacking(
        seen, "Secure", [(name, cookie) for name, cookie, has in _on_tls(seen) if "secure" not in has]
    )


@weakness
def cookie_without_samesite(seen: Trace) -> Shown:
    known = ("lax", "strict", "none")
    lacks = [(name, cookie) for name, cookie, has in _on_tls(seen) if has.get("samesite") not in known]
    return _lacking(seen, "SameSite", lacks)


# -- compression


def given_secrets(seen: Trace) -> tuple[str, ...]:
    """The secrets that were given, as far as they are long enough to be looked for."""
    request = seen.start.plan.request
    pairs = [pair for field in values(request, b"cookie") for pair in field.decode("latin-1").split(";")]
    found = [pair.partition("=")[2].strip() for pair in pairs]
    found += [each.decode("latin-1").partition(" ")[2].strip() for each in values(request, b"authorization")]
    query = resource_of(request).partition(b"?")[2].decode("latin-1")
    found += [
        unquote_plus(value)
        for name, _, value in (each.partition("=") for each in query.split("&"))
        if tokens(f"/?{name}={value}".encode("latin-1"))
    ]
    return tuple(each for each in found if len(each) >= SHORTEST)


def _compressing(seen: Trace) -> tuple[str, Answer] | None:
    """The first request whose session compresses what the server sends, with one context for all messages."""
    for name, answer in seen.answers.items():
        final = answer.reading.final
        agreed = agreed_deflate(final.head) if final is not None and answer.opens else None
        if agreed is not None and agreed.server.takeover and not name.startswith("clear"):
            return name, answer
    return None


def _secret_under_compression(seen: Trace, answer: Answer) -> str:
    """Which secret a compressed message of the server holds, in words; "" if none is seen."""
    for message in messages_of(answer.reading)[0]:
        if not message.frames or not message.frames[0].rsv & RSV1:
            continue
        text = message.data.decode("utf-8", "replace")
        if any(secret in text for secret in given_secrets(seen)):
            return "a secret that was given"
        if re.search(SECRET_IN_TEXT, text) or JWT.search(text):
            return "a value with a name such as token, key or password"
    return ""


def _offered(seen: Trace) -> bool:
    """True if a session opened whose handshake offered to compress."""
    return any(
        b"permessage-deflate" in value
        for name, answer in seen.answers.items()
        if answer.opens and not name.startswith("clear")
        for value in values(answer.reading.sent, b"sec-websocket-extensions")
    )


@weakness
def compression_with_secrets(seen: Trace) -> Shown:
    if not seen.start.plan.target.secure:
        return "there is no TLS"
    compressing = _compressing(seen)
    if compressing is None:
        return "" if _offered(seen) else "no session opened with an offer of permessage-deflate"
    what = _secret_under_compression(seen, compressing[1])
    if not what:
        return (
            "the server compresses all messages in one context, and no message with a secret came (--send can "
            "request one)"
        )
    if not kept_or_token(seen):
        return ""
    return found(
        f"The server compresses its messages in one context, and one of them holds {what}.",
        (compressing[0],),
        sent="the handshake with an offer of permessage-deflate",
        came=f"permessage-deflate without server_no_context_takeover, and a compressed message with {what}",
    )


def kept_or_token(seen: Trace) -> bool:
    """True if the session is somebody's: credentials or a token were given."""
    plan = seen.start.plan
    return bool(
        kept_by_browsers(plan) or values(plan.request, b"authorization") or tokens(resource_of(plan.request))
    )


IN_CLEAR = ("clear", "clear-beside")
TOO_LARGE = frozenset({1009, 1002, 1008})
"""Close codes of a server that takes no message of that size; 1009 says so (RFC 6455 section 7.4.1)."""


def _on_this_machine(seen: Trace) -> bool:
    return loopback(seen.start.plan.target.host) or seen.start.plan.route.unix_socket is not None


@weakness
def clear_text(seen: Trace) -> Shown:
    base = reference(seen)
    if not seen.start.plan.target.secure:
        if _on_this_machine(seen):
            return "the URL is on this machine"
        return (
            ""
            if base is None
            else found(
                "The URL is ws://: nothing between wsprobe and the server is encrypted.",
                ("base",),
                sent="the handshake as it was given, without TLS",
                came=came(base),
                fix=mending("clear", seen.proxies),
            )
        )
    tried = {name: answer for name in IN_CLEAR if (answer := seen[name]) is not None}
    opens = tuple(
        one for name, each in tried.items() if admitted(each, base) for one in _opens_in_clear(seen, name)
    )
    if opens or not tried:
        return opens or "no handshake was sent in clear text"
    for name, answer in tried.items():
        if answer.kind == "http" and answer.status in (401, 403):
            return f"{name} got {answer.status}, and wsprobe never sends credentials in clear text"
    if "clear-beside" not in tried and not port_beside(seen):
        return f"only the TLS port was tested: {NO_PORT_BESIDE}"
    return ""


def _opens_in_clear(seen: Trace, name: str) -> tuple[Conclusion, ...]:
    answer = seen.answers[name]
    where = answer.reading.exchange.plan.target
    on_tls = where.port == seen.start.plan.target.port
    return found(
        f"Port {where.port}{', the TLS port,' if on_tls else ''} opens a session without TLS.",
        (name,),
        sent=f"a handshake to {where.url} without TLS, cookies, credentials and query",
        came=came(answer),
        fix=mending("clear", answer.proxies or seen.proxies),
    )


@weakness
def certificate_refused(seen: Trace) -> Shown:
    if not seen.start.plan.target.secure:
        return "there is no TLS"
    events = seen.base.reading.exchange.events
    done = [each.problem for each in events if isinstance(each, TlsDone)]
    done += [each.error for each in events if isinstance(each, TlsFailed) and each.kind == "certificate"]
    wrong = next(filter(None, done), "")
    if not wrong:
        return "" if done else "the server sent no certificate"
    return found(
        f"The certificate is not valid: {wrong}.",
        ("base",),
        sent=f"a TLS handshake for {seen.start.plan.tls.server_name or seen.start.plan.target.host}",
        came=f"a certificate that the check refuses: {wrong}",
    )


def _took(answer: Answer) -> bool:
    """True if the server read the whole message: it answered the Ping behind it."""
    session = answer.reading.session
    return session is not None and any(frame.opcode == PONG and frame.data == PING for frame in session.frames)


def _too_large(answer: Answer) -> bool:
    close = close_of(answer.reading)
    return close is not None and close.by == "server" and close.code in TOO_LARGE


@weakness
def message_size(seen: Trace) -> Shown:
    large = seen["large"]
    if large is None:
        return "--audit-heavy sends a large message" if not seen.start.heavy else "it was left out"
    if not _took(large):
        return "" if _too_large(large) else f"the session ended before the test was complete: {came(large)}"
    return found(
        f"One message of {LARGE:,} bytes was read to its end; a limit, if any, is higher.",
        ("large",),
        sent=f"a text message of {LARGE:,} bytes, then a Ping",
        came="the Pong to the Ping",
    )


VERSION = r"[A-Za-z][\w.+ -]{0,30}[/ ]v?\d{1,9}(?:\.\d{1,9}){1,9}"
"""A name and a version, as in nginx/1.26.3."""
OF_A_PROGRAM = ("server", "x-powered-by", "x-aspnet-version", "x-aspnetmvc-version", "x-generator")
"""Fields that name programs. X-Powered-By has no other purpose, so its name alone counts."""
PAGE = (
    r"\b(?:nginx|openresty|Apache|lighttpd|PHP|Python|Werkzeug|gunicorn|uvicorn|TornadoServer|Jetty|Tomcat|"
    r"Microsoft-IIS|Express|Django Version:)[/ ]\d{1,9}(?:\.\d{1,9}){1,9}"
)
STACK = re.compile(
    r"Traceback \(most recent call last\):"
    r"|^[ \t]{1,32}File \"[^\"\n]{1,300}\", line \d{1,9}, in "
    r"|^[ \t]{0,32}at [\w.$<>]{1,300}\([\w$]{1,300}\.(?:java|kt|scala):\d{1,9}\)"
    r"|^[ \t]{0,32}at [\w.<>`]{1,300}\([^\n]{0,300}\) in [^\n]{1,300}:line \d"
    r"|goroutine \d{1,9} \[[a-z ]{1,32}\]:"
    r"|(?:Fatal error|Warning)\S{0,32}: [^\n]{1,300} in \S{1,300}\.php\S{0,32} on line "
    r"|^[^\n:]{1,300}\.rb:\d{1,9}:in [`']",
    re.MULTILINE,
)
"""Every repeat has a limit, and none begins where another one may end: a body is the server's."""
_PLACE = r":\d{1,9}:\d{1,9}\b"
_FILE = re.compile(r"/|file:|node:|[A-Z]:\\")


def has_stack(text: str) -> bool:
    """True if *text* holds a line of a stack trace."""
    return STACK.search(text) is not None or any(map(_of_javascript, text.split("\n")))


def _of_javascript(line: str) -> bool:
    """``at name (/file.js:10:5)``, ``at file:///app/server.js:1:2``."""
    line = line.lstrip(" \t")
    place = re.search(_PLACE, line) if line.startswith("at ") else None
    return place is not None and _FILE.search(line, 0, place.start()) is not None


LOOKED_AT = 64 * 1024


def _own(seen: Trace) -> Iterator[tuple[str, Answer]]:
    """The answers of the endpoint itself, a refusal too: whoever is refused can read it."""
    yield from ((name, answer) for name, answer in seen.answers.items() if not name.startswith("clear-beside"))


def _text(answer: Answer) -> str:
    """The body of a refusal, and the reason of a Close."""
    close = close_of(answer.reading)
    reason = close.reason if close is not None and close.by == "server" else ""
    final = answer.reading.final
    body = content_of(final)[:LOOKED_AT].decode("utf-8", "replace") if final is not None else ""
    return f"{body}\n{reason}"


def _versions(answer: Answer) -> Iterator[str]:
    final = answer.reading.final
    for name in OF_A_PROGRAM if final is not None else ():
        for field in final.head.all(name.encode()) if final is not None else ():
            value = field.value.decode("latin-1").strip()
            numbered = re.search(VERSION, value) or (name.endswith("-version") and re.match(r"\d+\.", value))
            if value and (numbered or name == "x-powered-by"):
                yield f"{field.name.decode('latin-1')}: {value}"
    page = re.search(PAGE, _text(answer))
    if page is not None:
        yield f"the page says {page[0]}"


@weakness
def server_stops(seen: Trace) -> Shown:
    name = stopped_by(seen)
    if not name:
        return ""
    check = next(each for each in ("again", "alive") if seen[each] is not None)
    return found(
        f"After the request {name}, the server answers nothing, not even the handshake it answered before.",
        tuple(dict.fromkeys((name, check))),
        sent=f"the handshake ({name})",
        came=f"{came(seen.answers[name])}; then, to the first handshake again: {came(seen.answers[check])}",
    )


PROGRAM_LINES = {
    "websockets/": "websockets: serve(..., server_header=None)",
    "uvicorn": "uvicorn: --no-server-header",
    "Express": "Express: app.disable('x-powered-by')",
    "TornadoServer/": "Tornado: def set_default_headers(self): self.clear_header('Server')",
    "aiohttp/": "aiohttp: response.headers['Server'] = 'web' in an on_response_prepare signal",
    "PHP/": "PHP: expose_php = Off",
}
"""What an answer says -> how that program leaves it out."""


def _lines(seen: Trace, listed: str) -> str:
    own = [line for mark, line in PROGRAM_LINES.items() if mark in listed]
    known = any(each in table()["versions"] for each in seen.proxies)
    return "\n".join([*own, *([mending("versions", seen.proxies)] if known else [])])


@weakness
def version_disclosed(seen: Trace) -> Shown:
    told: dict[str, str] = {}
    for name, answer in _own(seen):
        for text in _versions(answer):
            told.setdefault(text, name)
    if not told:
        return ""
    listed, names = "; ".join(told), tuple(dict.fromkeys(told.values()))
    return found(
        f"The answers name: {listed}.",
        names,
        sent=f"the handshake ({', '.join(names)})",
        came=f"{came(seen.answers[names[0]])}, with {listed}",
        fix=_lines(seen, listed),
    )


@weakness
def stack_trace(seen: Trace) -> Shown:
    for name, answer in _own(seen):
        if has_stack(_text(answer)):
            place = "body" if answer.kind == "http" else "close reason"
            return found(
                "The answer to an invalid or refused handshake holds a stack trace.",
                (name,),
                sent=f"the handshake ({name})",
                came=f"{came(answer)}, with a stack trace in its {place}",
            )
    provoked = not seen.base.opens or answered(seen["no-key"]) or answered(seen["no-version"])
    return "" if provoked else "no invalid handshake was answered"
