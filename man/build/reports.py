"""wsprobe-json(5): every member that is printed, from the JSON Schema that `connect --json-schema` prints."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, get_args

from man.build import mdoc
from wsprobe import exchange
from wsprobe.read import closing
from wsprobe.recording.archive import FORMAT
from wsprobe.report import timing
from wsprobe.show import contract
from wsprobe.show.schema import TAGS, schema

Schema = dict[str, Any]

DESCRIPTION = (
    "wsprobe connect --json prints one object for every URL, wsprobe watch --json one for every probe, and "
    "wsprobe compare --json one for every recording, for a failed handshake too. Each is one compact line of "
    "ASCII. They are in the order of the URLs or recordings on the command line, those of watch in the order "
    "of the probes. This page lists every member; wsprobe connect --json-schema prints the same as a JSON "
    "Schema (2020-12).",
    "Names of members, outcomes, exit statuses, and ids of findings, causes and weaknesses are stable: none is "
    "ever used for something else. New members may be added, so a program should ignore those that it does "
    "not know. Texts (text, fix, evidence, meaning) and the order of causes may change in any version. While "
    "the version begins with 0, a change of something stable raises its middle number, and the changelog "
    "begins with it.",
)
CONVENTIONS = (
    ("Header text", "is decoded as latin-1, so one character is one byte, whatever the server sent."),
    ("raw", "members, payload and der are the original bytes in base64."),
    ("Times", "in a report are milliseconds from the start. In a recording they are whole microseconds."),
    ("null", "means that something did not happen. A member is absent only where this page says so."),
    (
        "Untrusted text",
        "may contain control characters. JSON escapes them, and jq keeps the escapes; jq -r does not, and a "
        "terminal may obey the characters.",
    ),
)

OBJECTS: dict[type, str] = {
    contract.RequestJson: "request",
    contract.ResponseJson: "response",
    contract.BodyJson: "body",
    contract.HopJson: "hops",
    contract.TlsJson: "tls",
    contract.CertificateJson: "tls: chain",
    exchange.Certificate: "certificate",
    timing.Timing: "timing",
    contract.FindingJson: "findings",
    contract.CauseJson: "causes",
    contract.SessionJson: "session",
    contract.FrameJson: "session: frames",
    closing.SessionClose: "close",
    contract.Http2FrameJson: "frames",
    contract.StreamEndJson: "stream_end",
    contract.ViewJson: "views",
    contract.AnsweredJson: "views: answered",
    contract.ExceptionJson: "views: exception",
    contract.VerdictJson: "verdicts",
    contract.ToldJson: "verdicts: told",
    contract.ResultJson: "result",
    contract.TellableJson: "tellable",
    contract.FetchJson: "fetch",
    contract.SeenJson: "seen",
    contract.ClientJson: "client",
    contract.DifferenceJson: "client: differs",
    contract.ToldToClientJson: "client: told",
    contract.CloseFrameJson: "client: close",
    contract.WatchJson: "watch",
    contract.HeldJson: "watch: held",
    contract.PhaseJson: "watch: phases",
}
"""Type -> where it is found, which is its heading."""
SCRIPT_EVENTS = get_args(contract.EventJson)
RECORDING: dict[type, str] = {
    exchange.Exchange: "exchange",
    exchange.Plan: "plan",
    exchange.Target: "target",
    exchange.Limits: "limits",
    exchange.TlsOptions: "tls options",
    exchange.Route: "route",
    exchange.Http2: "http2",
    exchange.Priority: "http2: priority",
    exchange.Relayed: "client of wsprobe relay",
    exchange.Logged: "logged",
    exchange.LoggedFrame: "logged: frames",
    exchange.Script: "logged: script",
    exchange.ScriptCall: "logged: script: stack",
    exchange.ScriptEvent: "logged: script: seen",
    exchange.ScriptError: "logged: script: exception",
    exchange.Act: "act",
    exchange.Compressed: "compressed",
    exchange.UnpackedMessages: "compressed: sent, received",
    exchange.Unpacked: "compressed: body, messages",
    exchange.Judged: "judged",
}
EVENTS = get_args(exchange.Event)
TRACE: dict[type, str] = {
    contract.ChangeJson: "changes",
    contract.ConclusionJson: "conclusions",
    contract.WeaknessJson: "weaknesses",
    contract.NotTestedJson: "not_tested",
}
PAGE: dict[type, str] = {contract.ScriptJson: "script", contract.CallJson: "script: stack"}
RUNS: dict[type, str] = {contract.UrlChangeJson: "runs: changes", contract.StandingJson: "runs: old, new"}
NAMES = {each.__name__: heading for each, heading in (OBJECTS | RECORDING | TRACE | PAGE | RUNS).items()} | {
    contract.ReportJson.__name__: "report"
}

EXAMPLES = (
    (
        "Outcome and status of many URLs, as a table:",
        "wsprobe connect --json @urls.txt | jq -r '[.url, .outcome, .response.status] | @tsv'",
    ),
    (
        "The ids of all findings:",
        "wsprobe connect --json lab:accept-wrong | jq -r '.findings[] | select(.level == \"fail\") | .id'",
    ),
    (
        "The body of a refusal, byte for byte:",
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
    for each, heading in OBJECTS.items():
        yield f".Ss {heading}"
        yield from mdoc.text(named[each.__name__]["description"])
        yield from members(named[each.__name__])
    yield ".Ss views: events"
    yield from mdoc.text(TAGS["type"])
    yield from _kinds(named, SCRIPT_EVENTS, "type")
    yield ".Sh THE RECORDING"
    yield from mdoc.paragraphs(
        "The member exchange has everything that wsprobe decided, sent and received. All other members, and "
        "the "
        "view of any browser or revision, can be made from it. --save appends the same object to a file, one a "
        f"line; compare reads both. The recording has its own format number, now {FORMAT}. wsprobe reads the "
        "formats of all its earlier versions, and refuses a newer one with a message. Format 1, of wsprobe "
        "0.1.0, differs: bytes are a string if all of them are printable ASCII, tab, CR or LF, otherwise an "
        'object {"base64": "..."}, and "inf" means no time limit. Format 2, of wsprobe 0.2.0, has no members '
        "for masked bytes.",
        "With --redact, each byte of a secret is an asterisk, or part of a character that takes as many bytes. "
        "The member masked of an event has the places of these bytes. Compressed data with a secret is masked "
        "as a whole; the member compressed has its content, without the secret. If the secret itself decides a "
        "finding or a cause, the member judged has the judgement from before it was masked. So a masked "
        "recording has the same outcome, findings, causes and views as the original.",
        "Bytes are base64. Each write is one sent event, and each read is one received event, with the bytes "
        "that the network delivered at once. A member with a default may be absent. A time limit of null "
        "means no limit. wsprobe refuses a recording with an impossible value, such as a port above 65535 or "
        "an unknown wire version, with status 2 and a line that names the member.",
    )
    for each, heading in RECORDING.items():
        yield f".Ss {heading}"
        yield from mdoc.text(named[each.__name__]["description"])
        yield from members(named[each.__name__])
    yield ".Ss events"
    yield from mdoc.text(
        "Every event has a member event, its kind, and a member at: whole microseconds since the start."
    )
    yield from _kinds(named, EVENTS, "event", "at")
    yield from _trace()
    yield from _page()
    yield from _runs()
    yield from _others()
    yield ".Sh EXAMPLES"
    for number, (purpose, lines) in enumerate(EXAMPLES):
        if number:
            yield ".Pp"
        yield from mdoc.text(purpose)
        yield from mdoc.literal(lines.splitlines())
    yield from mdoc.references(
        "wsprobe-connect(1)",
        "wsprobe-compare(1)",
        "wsprobe-trace(1)",
        "wsprobe-watch(1)",
        "wsprobe(1)",
        "jq(1)",
    )


def _kinds(named: dict[str, Schema], kinds: tuple[type, ...], tag: str, *without: str) -> Iterator[str]:
    """Each of *kinds* of event, called by its *tag*, and its members but those that all of them have."""
    for each in kinds:
        of = named[each.__name__]
        yield ".Pp"
        (name,) = of["properties"][tag]["enum"]
        yield from mdoc.text(f"{name}: {of['description']}")
        yield from members(of, without=(tag, *without))


def _trace() -> Iterator[str]:
    whole: Schema = json.loads(schema(contract.TraceJson))
    yield ".Sh THE OBJECT OF TRACE"
    yield from _object(whole)
    yield from mdoc.text("wsprobe trace --json-schema prints its JSON Schema.")
    for each, heading in TRACE.items():
        yield f".Ss {heading}"
        yield from _object(whole["$defs"][each.__name__])


def _page() -> Iterator[str]:
    whole: Schema = json.loads(schema(contract.PageReportJson))
    of_all = contract.ReportJson.__struct_fields__
    yield ".Sh THE OBJECT OF PAGE"
    yield from mdoc.text(
        "wsprobe page --json prints the report of connect for each WebSocket, and these members."
    )
    yield from members(whole, without=tuple(name for name in of_all if name != "seen"))
    for each, heading in PAGE.items():
        yield f".Ss {heading}"
        yield from _object(whole["$defs"][each.__name__])


def _runs() -> Iterator[str]:
    whole: Schema = json.loads(schema(contract.ComparisonJson))
    yield ".Sh THE OBJECT OF TWO RUNS"
    yield from _object(whole)
    for each, heading in RUNS.items():
        yield f".Ss {heading}"
        yield from _object(whole["$defs"][each.__name__])


def _object(of: Schema) -> Iterator[str]:
    yield from mdoc.text(of["description"])
    yield from members(of)


def _others() -> Iterator[str]:
    yield ".Sh OTHER OBJECTS"
    yield from mdoc.tagged(
        (
            (
                "explain --json",
                "prints one object: topic (its name), kind (what it is, as close code), title, text (an array "
                "of paragraphs), facts (an array of [label, text]), see_also (an array of topics), code (a "
                "file to copy, empty for all but remedies) and nearest (the nearest topic, if the given one is "
                "not known or seems misread; otherwise empty). With --list: topics, an array of all names.",
            ),
            (
                "serve --json",
                "prints a line when the lab is ready: ready has its URLs (ws and page; wss with --tls-port, "
                "http2 with --http2-port), authority names the file with the certificate to trust, if there is "
                "TLS. Then it prints a line for every request: peer, request (its first line) and scenario "
                "(null if none has that name).",
            ),
            (
                "serve --list --json",
                "prints a line for every scenario: name, about, summary, listener, outcome, findings, "
                "conforming. The last is null for all but the cases of conformance. It has what a client that "
                "conforms to RFC 6455 does with the case: messages (each has type, text or binary, and data), "
                "pongs (payloads), close (the code of the Close that it accepts, 1005 if that has no code, or "
                "null) and fail (codes: it fails the connection with one of them). Payloads are base64. If "
                "there are both close and fail, either conforms.",
            ),
        )
    )


def members(of: Schema, *, without: tuple[str, ...] = ()) -> Iterator[str]:
    """A list of the members of an object, each with its type and what it is."""
    rows = {name: value for name, value in of["properties"].items() if name not in without}
    if not rows:
        return
    yield ".Bl -tag -width Ds -compact"
    for name, value in rows.items():
        yield f".It {mdoc.quoted(f'{name} ({kind(value)})')}"
        yield from mdoc.text(value["description"])
    yield ".El"


def kind(value: Schema) -> str:
    """The type of a member in words."""
    if "enum" in value:
        words = [json.dumps(each) if isinstance(each, int) else str(each) for each in value["enum"]]
        return words[0] if len(words) == 1 else ", ".join(words[:-1]) + f" or {words[-1]}"
    if "$ref" in value:
        return _named(value["$ref"])
    if "anyOf" in value:
        # What is null is said last.
        words = sorted(dict.fromkeys(kind(each) for each in value["anyOf"]), key="null".__eq__)
        return " or ".join(words)
    types = value["type"] if isinstance(value["type"], list) else [value["type"]]
    return " or ".join(_plain(each, value) for each in types)


def _plain(name: str, value: Schema) -> str:
    """The type *name* of *value*, with what it holds."""
    if "contentEncoding" in value:
        return str(value["contentEncoding"])
    if name == "array" and value.get("items"):
        return f"array of {kind(value['items'])}"
    if name == "array" and "prefixItems" in value:
        return f"[{', '.join(kind(each) for each in value['prefixItems'])}]"
    if name == "object" and isinstance(value.get("additionalProperties"), dict):
        return f"object of {kind(value['additionalProperties'])}"
    return name


def _named(ref: str) -> str:
    name = ref.rpartition("/")[2]
    if name in {each.__name__ for each in (*EVENTS, *SCRIPT_EVENTS)}:
        return "events"
    return {"exchange": "recording"}.get(NAMES[name], NAMES[name])
