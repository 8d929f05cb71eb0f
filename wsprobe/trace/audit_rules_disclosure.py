"""Weaknesses of an endpoint: what its answers betray of the programs behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from wsprobe.diagnosis.proxies import mending, table
from wsprobe.read.closing import close_of
from wsprobe.trace.answer import Answer, content_of
from wsprobe.trace.audit_session import came, stopped_by
from wsprobe.trace.trace import Trace
from wsprobe.trace.weakness import Shown, found, weakness

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
    return ""
