"""wsprobe-python(3): what ``import wsprobe`` offers, from the functions themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from man.build import mdoc
from wsprobe.cli import python
from wsprobe.cli.commands import compare, connect

ABOUT = "probe WebSocket handshakes from Python"

DESCRIPTION = (
    "The functions do the same as the commands, with the same options, names and parser.",
    "A setting is an option: max_time=5 is --max-time 5, insecure=True is --insecure, and a list repeats an "
    "option. None and False leave it out.",
    "A network failure is a value in the report: an unreachable server raises no exception. wsprobe-json(5) "
    "has the words of outcome and the ids of findings. Invalid arguments raise wsprobe.UsageError, a "
    "ValueError with a message of one line.",
)

FUNCTIONS = (python.probe, python.aprobe, python.compare, python.views, python.load, python.save)

REPORT = (
    ("url", "what was asked"),
    ("outcome", "one word: open, refused, unreachable, ...; see wsprobe(1)"),
    ("exit_status", "the exit status that wsprobe connect would have"),
    ("unmet", "a sentence for each expectation of expect that is not met"),
    ("str(report)", "the text that wsprobe connect prints, for the message of an assert"),
    ("response", "the final answer, or None: status, reason, head.fields, body.content"),
    ("findings", "what was found; each has id, level, text, spec, expected, received"),
    ("close", "how the session was closed, or None: code, reason, clean, by"),
    ("timing", "milliseconds from the start: resolved, connected, tls, sent, first_byte, head, ended"),
    (
        "reading.session",
        "after a 101, otherwise None: frames (received) and sent; each has opcode, data, at",
    ),
    (
        "messages, sent_messages",
        "the messages of these frames, inflated if compressed; each has text (None if binary), data, at, "
        "complete, and problem if inflating failed",
    ),
    ("views", "of compare: what a script sees in each browser: browser, events, ready_state, console, hidden"),
    (
        "result",
        "what came of the URL for every client: headline (one line), usable (True if a page can use the "
        "WebSocket in each browser of the views; None without views), usable_in, cause, unknown",
    ),
    (
        "usable",
        "whether a page could use the WebSocket in every browser: it opens, and only a normal Close ends it",
    ),
    ("verdicts", "of compare: one for each specification revision: spec, answer, findings, told"),
    ("exchange", "the recording, which save() writes and load() reads"),
)

EXAMPLES = (
    (
        "A test, in pytest:",
        """\
from wsprobe import probe

def test_the_socket_opens():
    assert probe("lab:open").outcome == "open"

def test_strangers_are_refused():
    report = probe("lab:status-403", origin="https://elsewhere.example")
    assert report.response.status == 403

def test_who_has_no_token_is_told():
    assert probe("lab:accept-then-close-4403").close.code == 4403
""",
    ),
    (
        "Why does it fail?",
        """\
import wsprobe

report = wsprobe.probe("lab:accept-lower-case", max_time=5)
for finding in report.findings:
    print(finding.level, finding.id, finding.text)
""",
    ),
    (
        "What did the server say?",
        """\
import wsprobe

report = wsprobe.probe("lab:pmd-message")
for message in report.messages:
    print(message.text)
""",
    ),
    (
        "What does a script in each browser see?",
        """\
import wsprobe

[report] = wsprobe.compare("lab:status-403", browser=["chromium", "firefox"])
for view in report.views:
    print(view.browser, [event.type for event in view.events])
""",
    ),
    (
        "Keep a recording, and read it later:",
        """\
import wsprobe

wsprobe.save("kept.jsonl", wsprobe.probe("lab:status-403"))
[exchange] = wsprobe.load("kept.jsonl")
for view in wsprobe.views(exchange, ["webkitgtk"]):
    print(view.browser, view.outcome)
""",
    ),
    (
        "Several at once, under trio:",
        """\
import trio
import wsprobe

async def main():
    async def one(url):
        print(url, (await wsprobe.aprobe(url, connect_timeout=2)).outcome)

    async with trio.open_nursery() as nursery:
        for url in ["lab:open", "lab:status-403"]:
            nursery.start_soon(one, url)

trio.run(main)
""",
    ),
    (
        "A server in the same event loop, in pytest-asyncio (asyncio_mode = auto) or Jupyter:",
        """\
import asyncio
import wsprobe

async def test_refuses_without_a_token():
    async def serve(incoming, outgoing):
        await incoming.readuntil(b"\\r\\n\\r\\n")
        outgoing.write(b"HTTP/1.1 401 Unauthorized\\r\\nContent-Length: 0\\r\\n\\r\\n")
        outgoing.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        report = await wsprobe.aprobe(f"ws://127.0.0.1:{port}/")
    assert report.response.status == 401, report
    assert not report.usable, report
""",
    ),
)


def page() -> str:
    return mdoc.page("wsprobe-python", 3, ABOUT, _body())


def _body() -> Iterator[str]:
    yield ".Sh SYNOPSIS"
    yield ".Bd -literal"
    yield mdoc.verbatim("import wsprobe")
    yield ".Ed"
    yield ".Sh DESCRIPTION"
    yield from mdoc.paragraphs(*DESCRIPTION)
    yield ".Ss Functions"
    yield from mdoc.tagged((_signature(each), _said(each)) for each in FUNCTIONS)
    yield ".Ss Settings of probe and aprobe"
    yield from mdoc.text(f"{', '.join(sorted(python.options(connect.command)))}: see wsprobe-connect(1).")
    yield ".Ss Settings of compare"
    yield from mdoc.text(f"{', '.join(sorted(python.options(compare.command)))}: see wsprobe-compare(1).")
    yield ".Ss Report"
    yield from mdoc.paragraphs(
        "The names are those of --json. A notebook shows a report as HTML, with everything from the server "
        "escaped."
    )
    yield from mdoc.tagged((name, f"{about[0].upper()}{about[1:]}.") for name, about in REPORT)
    yield ".Sh EXAMPLES"
    for number, (title, code) in enumerate(EXAMPLES):
        if number:
            yield ".Pp"
        yield from mdoc.text(title)
        yield from mdoc.literal(code.splitlines())
    yield from mdoc.references("wsprobe(1)", "wsprobe-compare(1)", "wsprobe-connect(1)", "wsprobe-json(5)")


def _signature(function: Any) -> str:
    names = inspect.signature(function).parameters.values()
    marks = {inspect.Parameter.VAR_KEYWORD: "**", inspect.Parameter.VAR_POSITIONAL: "*"}
    begin = "await " if inspect.iscoroutinefunction(function) else ""
    shown = ", ".join(marks.get(each.kind, "") + _parameter(each) for each in names)
    return f"{begin}{function.__name__}({shown})"


def _parameter(each: inspect.Parameter) -> str:
    return each.name if each.default is each.empty else f"{each.name}={each.default!r}"


def _said(function: Any) -> str:
    return re.sub(r"[*`]+(\S[^*`]*)[*`]+", r"\1", " ".join((function.__doc__ or "").split()))
