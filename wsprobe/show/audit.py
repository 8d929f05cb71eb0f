"""An audit as text: a row for each answer, then each weakness with the request, the answer, why it matters, and
the remedy. And as SARIF 2.1.0 (OASIS Standard, Static Analysis Results Interchange Format), for code scanning
services: a rule for each tested weakness, a result for each found one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from wsprobe.read.reading import Head
from wsprobe.request.edits import values
from wsprobe.request.target import public_url
from wsprobe.show.lines import Line, Look, Piece, Style, cut, fitted, grouped, line, width_of
from wsprobe.show.trace import cells, in_room, sent, unsent
from wsprobe.trace.answer import Answer
from wsprobe.trace.audit import WEAKNESSES
from wsprobe.trace.audit_requests import AUDIT
from wsprobe.trace.audit_session import came, ended, reference
from wsprobe.trace.series import Choice
from wsprobe.trace.trace import Trace, TraceRequest
from wsprobe.trace.weakness import Found, Weakness
from wsprobe.version import __version__

NAME = max(len(row.name) for row in AUDIT.rows)
STYLE: dict[str, Style] = {"error": "fail", "warning": "warn", "note": "note"}


def row(name: str, seen: Trace, look: Look) -> list[Line]:
    """The answer to one request: the change, the answer, its time, and how a session ended."""
    changed, came, took, about = cells(name, seen, look)
    end = ended(seen.answers[name])
    if end not in ("", "stays"):
        about = Piece(f"the server {end.replace('closed', 'closed with')}" if " " in end else f"then {end}")
    told = line(
        Piece(f"{changed.text:<{NAME}}  "),
        Piece(f"{came.text:<12}", came.style),
        Piece(f"{took.text:>8}  ", took.style),
    )
    if not look.terminal:
        return [(*told, about)]
    shown = in_room(about.text, max(look.width - width_of(told), 0), look)
    return [cut((*told, Piece(shown, about.style)), look.width, indent=0)[0]]


def concluded(
    found: Sequence[Found], untested: Sequence[tuple[str, str]], seen: Trace, choice: Choice, look: Look
) -> list[Line]:
    """The weaknesses, the worst first; the tests that could not be made; and the requests not sent."""
    rows: list[Line] = [()]
    for each in found:
        rows += fitted(list(_weakness(each, look)), look)
    if seen["base"] is None:
        rows.append(line(Piece("Interrupted before the first answer.", "fail")))
    elif reference(seen) is None:
        told = f"The handshake opens no session ({came(seen.base)}), so little could be tested."
        rows += fitted([line(Piece(told, "fail"))], look)
    elif not found:
        rows.append(line(Piece("no weakness found", "good")))
    if untested:
        rows.append(line(Piece("not tested", "title")))
        for why, ids in grouped((why, id) for id, why in untested).items():
            rows += fitted([line(f"  {', '.join(ids)}: {look.words(why)}")], look)
    clean = not_there(found, untested) if reference(seen) is not None else []
    if clean:
        rows += fitted([line(Piece("tested and not found", "title"), f": {', '.join(clean)}")], look)
    stated = set(untested)
    reasons = {
        why: kept
        for why, names in unsent(seen, choice).items()
        if (kept := [name for name in names if (name, why) not in stated])
    }
    rows.append(line(Piece(f"{sent(seen, choice)}{'; not sent:' if reasons else ''}", "dim")))
    for why, names in reasons.items():
        rows += fitted([line(Piece(f"  {', '.join(names)}: {why}", "dim"))], look)
    return rows


def not_there(found: Sequence[Found], untested: Sequence[tuple[str, str]]) -> list[str]:
    """The weaknesses that were tested and not found."""
    other = {*(each.weakness.id for each in found), *(id for id, _ in untested)}
    return [each.id for each in WEAKNESSES if each.id not in other]


def _weakness(each: Found, look: Look) -> Iterator[Line]:
    of, said = each.weakness, each.conclusion
    number = f", CWE-{of.cwe}" if of.cwe else ""
    yield line(Piece(f"{of.level}: {of.id}{number}", STYLE[of.level]), f": {look.words(said.text)}")
    yield line(Piece("  sent", "title"), f": {look.words(said.sent)}")
    yield line(Piece("  came", "title"), f": {look.words(said.came)}")
    yield line(Piece("  why it matters", "title"), f": {of.why}")
    if of.cannot_know:
        yield line(Piece("  not known", "title"), f": {of.cannot_know}")
    yield line(Piece("  what to do", "title"))
    for one in each.fix.splitlines():
        yield line("    ", look.words(one))


def dry_run(url: str, seen: Trace, choice: Choice, look: Look) -> list[Line]:
    """The requests that may be sent to *url*, in the order of the table; nothing is sent yet."""
    most = choice.series.most
    rows = fitted([line(f"at most {most} of these requests, one after another, to {look.words(url)}:")], look)
    for each in choice.series.rows:
        if each.name in choice.skip or (choice.only and each.name not in (*choice.only, "base")):
            continue
        for question in each.make(seen):
            made = line(f"{each.name:<{NAME}}  ", f"{each.changed}{look.words(_differing(question, seen))}")
            rows += fitted([made], look)
    return rows


def _differing(question: TraceRequest, seen: Trace) -> str:
    """The Origin of a request, and its URL, if they differ from those of the unchanged handshake."""
    given, plan = seen.start.plan, question.plan
    told = []
    if plan.target.url != given.target.url:
        told.append(plan.target.url)
    origin = values(plan.request, b"origin")
    if origin and origin != values(given.request, b"origin"):
        told.append(f"Origin: {origin[0].decode('latin-1')}")
    return f" ({'; '.join(told)})" if told else ""


SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
"""The identifier of the structure; nothing is loaded from this URL."""
SEVERITY = {"error": "8.0", "warning": "5.0", "note": "2.0"}
"""Level -> ``security-severity``, by which services sort; it adds nothing to the level."""

Log = dict[str, Any]


def sarif_text(
    found: Sequence[Found], untested: Sequence[tuple[str, str]], shown: Trace, artifact: str | None = None
) -> Iterator[str]:
    """Yield the file, in ASCII. All values are already masked. *artifact*: the file of the checkout at which
    code scanning shows the results; None for host and path of the URL."""
    yield json.dumps(sarif_log(found, untested, shown, artifact), indent=1)
    yield "\n"


def sarif_log(
    found: Sequence[Found], untested: Sequence[tuple[str, str]], shown: Trace, artifact: str | None = None
) -> Log:
    """The ``sarifLog`` object (section 3.13), with one run."""
    run: Log = {
        "tool": {
            "driver": {
                "name": "wsprobe",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(each) for each in WEAKNESSES],
            }
        },
        "invocations": [
            {
                "executionSuccessful": reference(shown) is not None,
                "toolExecutionNotifications": [_not_tested(id, why) for id, why in untested],
            }
        ],
        "results": [_result(each, shown, artifact) for each in found],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(of: Weakness) -> Log:
    """A ``reportingDescriptor`` (section 3.49)."""
    cwe = [f"external/cwe/cwe-{of.cwe}"] if of.cwe else []
    return {
        "id": of.id,
        "shortDescription": {"text": f"{of.title}."},
        "fullDescription": {"text": of.why},
        "help": {"text": plain(f"{of.why}\n{of.fix}\nwsprobe explain {of.id}")},
        "defaultConfiguration": {"level": of.level},
        "properties": {"tags": ["security", *cwe], "security-severity": SEVERITY[of.level]},
    }


def _not_tested(id: str, why: str) -> Log:
    """A ``notification`` (section 3.58)."""
    return {
        "level": "note",
        "message": {"text": plain(f"Not tested: {id}: {why}.")},
        "associatedRule": {"id": id, "index": _index(id)},
    }


def plain(text: str) -> str:
    """*text* as a message string: braces are no placeholder (section 3.11.5), and brackets no link (3.11.6)."""
    return text.replace("{", "{{").replace("}", "}}").replace("](", "] (")


def _index(id: str) -> int:
    return [each.id for each in WEAKNESSES].index(id)


def relative(path: str) -> str:
    """*path* as a relative reference (RFC 3986 section 4.2): services refuse the scheme ws: in a location."""
    return quote(path.replace("\\", "/").lstrip("/"), safe="/-._~")


def _result(each: Found, shown: Trace, artifact: str | None) -> Log:
    """A ``result`` (section 3.27), with the first request that shows it, and the answer to that request."""
    of, said = each.weakness, each.conclusion
    to = shown.base.reading.exchange.plan.target
    url = public_url(to)
    where = artifact or url.partition("?")[0].partition("://")[2]
    physical = {"artifactLocation": {"uri": relative(where)}, "region": {"startLine": 1}}
    logical = {"name": to.host, "fullyQualifiedName": url, "kind": "resource"}
    first = shown.answers[said.because[0]]
    message = f"{said.text} Sent: {said.sent}. Came: {said.came}. What to do: {each.fix}"
    return {
        "ruleId": of.id,
        "ruleIndex": _index(of.id),
        "level": of.level,
        "message": {"text": plain(message)},
        "locations": [{"physicalLocation": physical, "logicalLocations": [logical]}],
        "partialFingerprints": {"wsprobe/v1": f"{of.id} {url.partition('?')[0]}"},
        "webRequest": _request(first),
        "webResponse": _response(first),
    }


def _request(answer: Answer) -> Log:
    """A ``webRequest`` (section 3.46)."""
    head = answer.reading.request.head
    method, _, rest = _first(head).partition(" ")
    target, _, version = rest.rpartition(" ")
    return {
        "protocol": "HTTP",
        "version": version.partition("/")[2],
        "target": target,
        "method": method,
        "headers": _headers(head),
    }


def _response(answer: Answer) -> Log:
    """A ``webResponse`` (section 3.47)."""
    final = answer.reading.final
    if final is None or final.status is None:
        return {"noResponseReceived": True}
    return {
        "protocol": "HTTP",
        "version": _first(final.head).partition(" ")[0].partition("/")[2],
        "statusCode": final.status,
        "reasonPhrase": final.reason.decode("latin-1"),
        "headers": _headers(final.head),
    }


def _first(head: Head) -> str:
    return head.first.text.decode("latin-1") if head.first is not None else ""


def _headers(head: Head) -> dict[str, str]:
    """Name -> value; several fields with one name are joined as in RFC 9110 section 5.3."""
    found = grouped((field.name.decode("latin-1"), field.value.decode("latin-1")) for field in head.fields)
    return {name: ", ".join(values) for name, values in found.items()}
