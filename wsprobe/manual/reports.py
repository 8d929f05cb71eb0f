"""wsprobe-json(5): every member that is printed, from the JSON Schema that `connect --json-schema` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from wsprobe.manual import mdoc
from wsprobe.show.as_json import schema

Schema = dict[str, Any]

DESCRIPTION = (
    "wsprobe connect --json prints one object for every URL, and wsprobe compare --json one for every "
    "recording: a compact line of ASCII each, in the order in which they were asked for, for a failed "
    "handshake too. This page names every member. The same as a JSON Schema (2020-12) is printed by wsprobe "
    "connect --json-schema.",
    "What is here stays: names of members, outcomes, finding ids and exit statuses are never used for "
    "something else. New members may be added, so a reader should pass over what it does not know.",
)
CONVENTIONS = (
    ("Header text", "is latin-1 decoded, so that one character is one byte, whatever the server sent."),
    ("raw", "members, payload and der are base64 of the bytes as they were."),
    ("Times", "in a report are milliseconds from the start. In a recording they are whole microseconds."),
    ("null", "stands where something did not happen. A member is absent only where this page says so."),
    (
        "Untrusted text",
        "has its control characters escaped, as JSON asks. jq keeps it so, but for jq -r, which writes them "
        "raw.",
    ),
)

OBJECTS = {
    "request": "request",
    "response": "response",
    "only_interim": "response, without a final answer",
    "body": "body",
    "tls": "tls",
    "certificate": "certificate",
    "finding": "findings",
    "session": "session",
    "view": "views",
    "event": "views: events",
    "exception": "views: exception",
}
"""Definition in the schema -> where it is found, which is its heading."""
RECORDING = ("exchange", "plan", "target", "limits", "tls_options", "route", "act")

EXAMPLES = (
    (
        "Outcome and status of many URLs, as a table:",
        "wsprobe connect --json @urls.txt | jq -r '[.url, .outcome, .response.status] | @tsv'",
    ),
    (
        "The ids of everything that is wrong:",
        "wsprobe connect --json lab:accept-wrong | jq -r '.findings[] | select(.level == \"fail\") | .id'",
    ),
    (
        "The body of a refusal, as it was sent:",
        "wsprobe connect --json lab:status-403 | jq -r '.response.body.raw' | base64 -d",
    ),
    (
        "The close code that script gets in each browser:",
        "wsprobe compare --browser all --json lab:status-403 |\n"
        "    jq -c '.views[] | [.browser, (.events[] | select(.type == \"close\") | .code)]'",
    ),
    (
        "Keep the recording only, and read it again:",
        "wsprobe connect --json lab:status-403 | jq -c .exchange > kept.json\n"
        "wsprobe compare --browser-mode kept.json",
    ),
)
"""(what for, the lines that are typed)."""


def page() -> str:
    return mdoc.page(
        "wsprobe-json", 5, "the JSON that wsprobe prints, and the recordings that it keeps", _body()
    )


def _body() -> Iterator[str]:
    whole: Schema = json.loads(schema())
    named: dict[str, Schema] = whole["$defs"]
    yield ".Sh DESCRIPTION"
    yield from mdoc.paragraphs(*DESCRIPTION)
    yield ".Ss Conventions"
    yield from mdoc.tagged(CONVENTIONS)
    yield ".Sh THE REPORT"
    yield from members(whole)
    for name, heading in OBJECTS.items():
        yield f".Ss {heading}"
        yield from mdoc.text(named[name].get("description", ""))
        yield from members(named[name])
    yield ".Sh THE RECORDING"
    yield from mdoc.paragraphs(
        "The member exchange is all that was decided, sent and received: enough to make every other member "
        "again, and to read it through any browser or revision. It is also what --save appends to a file, a "
        "line each, and compare reads either form. It has a format number of its own; wsprobe reads the "
        "formats of all its earlier versions, and says so where a recording is newer than itself.",
        "Bytes are written as a string where all of them are printable ASCII, tab, CR or LF, and as an object "
        '{"base64": "..."} where not. One write is one sent event and one read is one received event, as the '
        "network cut them. A member with a default may be absent.",
    )
    for name in RECORDING:
        yield f".Ss {name}"
        yield from mdoc.text(named[name]["description"])
        yield from members(named[name])
    yield ".Ss events"
    yield from mdoc.text(
        "Every event has a member event, its kind, and a member at: whole microseconds since the start."
    )
    for each in named["happening"]["anyOf"]:
        yield ".Pp"
        yield from mdoc.text(f"{each['properties']['event']['const']}: {each['description']}")
        yield from members(each, without=("event", "at"))
    yield from _others()
    yield ".Sh EXAMPLES"
    for number, (purpose, lines) in enumerate(EXAMPLES):
        if number:
            yield ".Pp"
        yield from mdoc.text(purpose)
        yield from mdoc.literal(lines.splitlines())
    yield from mdoc.references("wsprobe-connect(1)", "wsprobe-compare(1)", "wsprobe(1)", "jq(1)")


def _others() -> Iterator[str]:
    yield ".Sh OTHER OBJECTS"
    yield from mdoc.tagged(
        (
            (
                "explain --json",
                "prints one object: kind (of topic), topic, title, text, spec, facts (an array of [name, "
                "value]), sources, see.",
            ),
            (
                "serve --json",
                "prints a line with ready (ws and perhaps wss: URLs of the lab; authority: the file with the "
                "certificate to trust) and then a line for every request: peer, request (its first line), "
                "scenario. With --list, a line for every scenario: name, about, summary, listener, outcome, "
                "findings.",
            ),
        )
    )


def members(of: Schema, *, without: tuple[str, ...] = ()) -> Iterator[str]:
    """A list of the members of an object, each with its type and what it is; of one that is anonymous, its own
    members below it."""
    rows = {name: value for name, value in of.get("properties", {}).items() if name not in without}
    for choice in of.get("oneOf", ()):
        rows |= {name: value for name, value in choice["properties"].items() if name not in rows}
    if not rows:
        return
    yield ".Bl -tag -width Ds -compact"
    for name, value in rows.items():
        yield f".It {mdoc.quoted(f'{name} ({kind(value)})')}"
        yield from mdoc.text(value.get("description", ""))
        inner = _inside(value)
        if inner is not None:
            yield from members(inner)
    yield ".El"


def _inside(value: Schema) -> Schema | None:
    """The object without a name of its own that *value* is, or is an array or map of."""
    if "properties" in value:
        return value
    for holder in (value.get("items"), value.get("additionalProperties"), *value.get("anyOf", ())):
        if isinstance(holder, dict) and "$ref" not in holder and (found := _inside(holder)) is not None:
            return found
    return None


def kind(value: Schema) -> str:
    """The type of a member in words."""
    if "const" in value:
        return json.dumps(value["const"])
    if "enum" in value:
        return ", ".join(str(each) for each in value["enum"][:-1]) + f" or {value['enum'][-1]}"
    if "$ref" in value:
        return _of(value["$ref"].rpartition("/")[2])
    if "anyOf" in value:
        return " or ".join(dict.fromkeys(kind(each) for each in value["anyOf"]))
    types = value["type"] if isinstance(value["type"], list) else [value["type"]]
    words = [
        f"array of {kind(value['items'])}" if each == "array" and value.get("items") else each for each in types
    ]
    if value.get("contentEncoding"):
        words = [value["contentEncoding"]]
    return " or ".join(words)


def _of(name: str) -> str:
    return {"bytes": "bytes", "exchange": "recording", "happening": "events", "only_interim": "response"}.get(
        name, name.replace("_", " ")
    )
