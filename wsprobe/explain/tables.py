"""Explains the tables: statuses, close codes, headers, words of page and protocol, sections, remedies."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from wsprobe.data_file import one_line, text_beside
from wsprobe.diagnosis.proxies import examples
from wsprobe.diagnosis.statuses import CLASSES, STATUSES, StatusMeaning
from wsprobe.explain import revisions
from wsprobe.explain.entry import PAGE, Topic, lab, load, paragraphs
from wsprobe.read.closing import may_be_sent
from wsprobe.wire.followup import REDIRECTS

_SCRIPT = (
    'error, then close with code 1006, reason "", wasClean false; the status is one of the things that a '
    "script must not learn (WHATWG WebSockets section 4)."
)
_BROWSERS = {
    "fails": 'Chromium: "Unexpected response code: {number}"; Firefox: "can\'t establish a connection"; '
    'WebKitGTK: "The server did not accept the WebSocket handshake."',
    "redirect": 'Chromium: "Unexpected response code: {number}"; Firefox fails too; WebKitGTK follows.',
    "interim": 'Chromium fails: "Unexpected response code: {number}"; Firefox and WebKitGTK '
    "skip it and wait for the next answer.",
    "opens": "open, if the headers are right; otherwise error, then close 1006.",
}


def find_status(number: int) -> Topic:
    """The status *number*: its own row, or that of its class."""
    row = STATUSES.get(number)
    if row is None:
        row = CLASSES[number // 100 if 100 <= number < 600 else 0]
    return _status(number, row)


def meaning(number: int) -> str:
    """A sentence or two on the meaning of *number* as an answer to a handshake, and its usual cause."""
    entry = find_status(number)
    return f"{entry.title}: {entry.text[0]} Usually {dict(entry.facts)['usually']}."


def _status(number: int, row: StatusMeaning) -> Topic:
    how = _how(number)
    facts = (
        ("usually", "; ".join(row.usual)),
        ("what to do", row.fix),
        ("browsers", row.browsers or _BROWSERS[how].format(number=number)),
        *((("script", _SCRIPT),) if how != "opens" else ()),
        ("protocol", _PROTOCOL[how]),
        *_settings(row.settings),
        *lab(row.scenarios),
    )
    return Topic(str(number), "HTTP status", f"{number} {row.name}", (row.means,), facts, row.see or ("1006",))


def _settings(fault: str) -> tuple[tuple[str, str], ...]:
    """What to write in each common proxy against *fault*; empty for ""."""
    return examples(fault) if fault else ()


_PROTOCOL = {
    "fails": "not a failure but an HTTP answer: the handshake has not completed and the semantics of HTTP "
    "still apply (RFC 6455 sections 1.3 and 4.1).",
    "redirect": "a client may follow it, but does not have to (RFC 6455 section 4.1, check 1); browsers must "
    "not since API revision 1.210 of 2011-05-24.",
    "interim": "not mentioned by RFC 6455; a client of HTTP skips it (RFC 9110 section 15.2).",
    "opens": "the checks of RFC 6455 section 4.1 decide.",
}


def _how(number: int) -> str:
    if number == 101:
        return "opens"
    if 100 <= number < 200:
        return "interim"
    return "redirect" if number in REDIRECTS else "fails"


def status_names() -> dict[int, str]:
    """The names of the statuses, in lower case."""
    return {number: row.name.lower() for number, row in STATUSES.items()}


def status_numbers() -> dict[str, int]:
    """The statuses by their names, in lower case."""
    return {name: number for number, name in status_names().items()}


def find_close_code(number: int) -> Topic | None:
    """The close code *number*: its own row, or that of its range. None if no Close frame can carry it."""
    row = _row(number)
    return None if row is None else _close_code(number, row)


def name_of(number: int) -> str:
    """The registered or conventional name of close code *number* or of its range, "" without one."""
    row = _row(number)
    return "" if row is None else str(row["name"])


def close_code_names() -> dict[str, int]:
    """The names of the protocol's own close codes, each as one word in lower case, as in enumerations."""
    return {re.sub("[^a-z]", "", row["name"].lower()): row["number"] for row in load("close_codes")["code"]}


def _row(number: int) -> dict[str, Any] | None:
    data = load("close_codes")
    exact = (row for row in data["code"] if row["number"] == number)
    ranges = (row for row in data["range"] if row["low"] <= number <= row["high"])
    return next(exact, None) or next(ranges, None)


HIDES_THE_CAUSE = 1006
"""The code that a script gets whatever went wrong."""


def _close_code(number: int, row: dict[str, Any]) -> Topic:
    script = (
        row.get("script") or "close with this code and the reason of the Close, wasClean true, without error."
    )
    facts = (
        ("defined by", row["spec"]),
        (
            "in a Close frame",
            "allowed" if may_be_sent(number) else "never: a frame that carries it is an error",
        ),
        ("script", one_line(script)),
        ("usually", row["usual"]),
        ("what to do", one_line(row["fix"])),
        *_from_relay(number),
        *lab(row.get("scenarios", ())),
        *((PAGE,) if number == HIDES_THE_CAUSE else ()),
    )
    title = f"{number} {row['name']}"
    return Topic(str(number), "close code", title, paragraphs(row["means"]), facts, tuple(row.get("see", ())))


def _from_relay(number: int) -> tuple[tuple[str, str], ...]:
    """The meaning of 4000 plus a status, if wsprobe relay --tell-page sent it."""
    status = number - 4000
    if not 200 <= status <= 599:
        return ()
    title = find_status(status).title
    text = (
        f"the server refused the handshake with status {title}; the reason contains the first words of the body"
    )
    return (("from wsprobe relay", text),)


_ASKED = r"(?P<name>[A-Za-z0-9-]+)(?: headers?|:.*)?"
_HEADER_LABELS = (
    ("request", "in the request"),
    ("answer", "in the answer"),
    ("script", "script in a browser"),
    ("fix", "what to do"),
)


def find_header(asked: str) -> Topic | None:
    """The header in *asked*: ``Origin``, ``origin header`` or a whole header line."""
    match = re.fullmatch(_ASKED, asked)
    if match is None:
        return None
    name = match["name"].lower()
    for row in load("headers")["header"]:
        if name == row["name"].lower() or name in row.get("other", ()):
            facts = tuple((label, one_line(row[key])) for key, label in _HEADER_LABELS if key in row)
            text, see = (one_line(row["text"]),), tuple(row["see"])
            return Topic(
                row["name"], "header", row["title"], text, facts + _settings(row.get("settings", "")), see
            )
    return None


_TERM_LABELS = (
    *(("shows", "how it shows"), ("script", "script in a browser"), ("fix", "what to do")),
    *(("get", "how to get one"), ("holds", "what it holds"), ("read", "then")),
)
_TERMS = ("script", "protocol", "program", "evidence", "wsprobe")
"""Files of words; the kind of a topic is the name of its file."""
_OBJECTS = ("websocket.", "closeevent.", "event.", "ws.", "socket.")
"""Objects that people write before an attribute's name."""


def names(file: str, table: str = "term", key: str = "name") -> tuple[str, ...]:
    """What finds the rows of one *table* in a *file* of ``data``."""
    return tuple(str(row[key]) for row in load(file)[table])


def other_names() -> dict[str, str]:
    """Other names of the headers and terms -> the topic."""
    rows = [*load("headers")["header"], *(row for kind in _TERMS for row in load(kind)["term"])]
    return {name.lower(): row["name"] for row in rows for name in row.get("other", ())}


def find_term(asked: str) -> Topic | None:
    """The word of the page or of the protocol in *asked*, in any letter case, with a hyphen or a space, with or
    without its object."""
    said = _plain(asked)
    names = {said, *(said.removeprefix(word) for word in _OBJECTS)}
    for known, kind, row in _terms():
        if not names.isdisjoint(known):
            facts = tuple((label, one_line(row[key])) for key, label in _TERM_LABELS if key in row)
            text, see = (one_line(row["text"]),), tuple(row["see"])
            facts += _settings(row.get("settings", "")) + lab(row.get("lab", []))
            return Topic(row["name"], kind, row["title"], text, facts, see)
    return None


@cache
def _terms() -> list[tuple[set[str], str, dict[str, Any]]]:
    """(its names, kind, row) of each term."""
    rows = ((kind, row) for kind in _TERMS for row in load(kind)["term"])
    return [({*map(_plain, (row["name"], *row.get("other", ())))}, kind, row) for kind, row in rows]


def _plain(word: str) -> str:
    return word.lower().replace("-", " ")


def find_section(topic: str) -> Topic | None:
    """The section *topic* in its exact form; None for another word."""
    if "-" not in topic:
        return None
    for row in load("sections")["section"]:
        if topic == row["topic"]:
            facts = tuple((label, one_line(said)) for label, said in row.get("steps", {}).items())
            return Topic(topic, "section", row["title"], paragraphs(row["text"]), facts, tuple(row["see"]))
    return None


_CITED = (
    r"(?i)(?:https?://\S*/)?(?:(?P<spec>rfc ?-?[0-9]{4}|whatwg(?: websockets)?|hixie-[0-9]+)"
    r"|draft-hixie-thewebsocketprotocol-(?P<hixie>[0-9]+))?"
    r"(?P<mark>[ ,#]*(?:sections?|sec\.?|\u00a7)?[ -]?)(?P<section>[0-9]{1,2}(?:\.[0-9]+)*)?(?:[ ,;].*)?"
)
"""``RFC 6455 section 4.1, item 4``, ``rfc6455#section-4.1``, ``section 7.4.1``, ``WHATWG section 4``."""

UNNAMED = "rfc6455"
"""The specification of a section number without one."""


def find_citation(asked: str) -> Topic | None:
    """The section cited in *asked*, or the nearest known section around it, or the specification."""
    match = re.fullmatch(_CITED, asked)
    if match is None or match["mark"] == "-":  # rfc6455-4 is a topic by its name, or none
        return None
    if not (match["spec"] or match["hixie"] or (match["mark"].strip() and match["section"])):
        return None
    name = f"hixie-{match['hixie']}" if match["hixie"] else _name(match["spec"] or UNNAMED)
    parts = (match["section"] or "").split(".")
    while parts and parts[0]:
        if entry := find_section(f"{name}-{'.'.join(parts)}"):
            return entry
        parts.pop()
    return revisions.find(name)


def _name(spec: str) -> str:
    return re.sub("[ -]", "", spec.lower()) if spec[:3].lower() == "rfc" else spec.lower().split(" ")[0]


REMEDY = "remedy"


def find_remedy(asked: str) -> Topic | None:
    """The choice for ``remedy``, the code of one program for ``remedy NAME``."""
    word, _, name = asked.lower().partition(" ")
    if word not in (REMEDY, "remedies"):
        return None
    if not name:
        return _remedies()
    row = next((row for row in _programs() if name in (row["name"], *row.get("other", ()))), None)
    return None if row is None else _remedy(row)


def _remedies() -> Topic:
    choice = load("remedies")["choice"]
    names = ", ".join(row["name"] for row in _programs())
    facts = (*((label, one_line(text)) for label, text in choice["facts"]), ("programs", names))
    return Topic(REMEDY, REMEDY, choice["title"], paragraphs(choice["text"]), facts, tuple(choice["see"]))


def _remedy(row: dict[str, Any]) -> Topic:
    name = f"{REMEDY} {row['name']}"
    facts = (("run", row["run"]), ("the code alone", f"wsprobe explain --code {name} > {row['save']}"))
    return Topic(name, REMEDY, row["title"], paragraphs(row["text"]), facts, tuple(row["see"]), _code_of(row))


def _code_of(row: dict[str, Any]) -> str:
    return text_beside(__file__, "data", "remedies", row["file"])


def _programs() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = load("remedies")["remedy"]
    return rows
