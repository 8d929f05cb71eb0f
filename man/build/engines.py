"""wsprobe-browsers(7): what every engine makes of every scenario of the lab, from the views themselves."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from man.build import mdoc
from wsprobe.browsers import ENGINES
from wsprobe.browsers.chromium import v156
from wsprobe.browsers.engine import DomEvent, Page, ScriptView
from wsprobe.browsers.firefox import v153
from wsprobe.browsers.tell import told
from wsprobe.browsers.webkitgtk import v2_54
from wsprobe.explain import entry as explained
from wsprobe.lab import load, subjects
from wsprobe.lab.play import KEY, rehearse
from wsprobe.lab.scenario import Conforming, Scenario

NAMES = {
    "chromium": "Chromium",
    "firefox": "Firefox",
    "webkitgtk": "WebKitGTK",
    "whatwg": "WHATWG",
    "w3c-cr-2012": "W3C CR",
}
READERS = {
    "chromium": "The engine of Chrome, Edge, Opera and others. The request names Chrome, as a person's browser "
    "does.",
    "firefox": "Firefox ESR.",
    "webkitgtk": "WebKit as GNOME ships it, with libsoup beneath. It is not Safari: WebCore is the same, the "
    "network is another, and nothing here was measured with Safari.",
    "whatwg": "A browser that follows the WHATWG's WebSockets, Fetch, URL and HTML standards, and RFC 6455 and "
    "7692, to the letter.",
    "w3c-cr-2012": "A browser that follows the W3C Candidate Recommendation of 2012-09-20 to the letter.",
}
RUNTIMES = {
    "undici": "The WebSocket of Node 22 and later. Every failure is an ErrorEvent with an empty message, and "
    "close code 1006: script can tell none from another. A 401 or 421 is asked for once more. Once the server "
    "has sent its Close, close comes only with the end of TCP. A close() while connecting leaves readyState 2.",
    "ws": "The npm package ws, on Node. The message of its ErrorEvent says what failed; a listener for "
    "unexpected-response reads status, headers and body of a refusal, one for upgrade the headers of a 101. "
    "Messages are delivered while closing, too.",
    "deno": "Deno. The message says what failed, but over TLS only that HTTP/2 was not agreed to. Neither "
    "Sec-WebSocket-Accept nor the subprotocol nor extensions are checked; Connection has to be the one word "
    "Upgrade. A close that is no server's has code 0; after the script's close() any failure is a clean 1005.",
    "bun": "Bun. The message says what failed, with the URL.",
}
_BROWSERS = 3
"""Columns of the table of agreement that are browsers."""
_FLOOD = 1000
"""Times that a server of HTTP/2 says one thing, from which on it is one."""

CATALOGUE = load()

FACTS: tuple[tuple[str, Mapping[str, Any], str], ...] = (
    (
        "The opening handshake is given up after",
        {"chromium": v156.FACTS.opening_timeout, "firefox": v153.FACTS.opening_timeout},
        "seconds",
    ),
    (
        "A Close frame has to be answered within",
        {
            "chromium": v156.FACTS.closing_timeout,
            "firefox": v153.FACTS.closing_timeout,
            "webkitgtk": v2_54.FACTS.closing_timeout,
        },
        "seconds",
    ),
    (
        "After both Close frames the server has to end TCP within",
        {"chromium": v156.FACTS.tcp_close_timeout},
        "seconds",
    ),
    (
        "The head of an answer may have",
        {
            "chromium": v156.FACTS.max_head,
            "firefox": v153.FACTS.max_head,
            "webkitgtk": v2_54.FACTS.max_head,
        },
        "bytes",
    ),
    ("A message may have", {"firefox": v153.FACTS.max_message}, "bytes"),
    ("Redirects and retries of one handshake:", {"webkitgtk": v2_54.FACTS.max_resends}, "at most"),
)
"""(what, engine -> number, unit). An engine that is not named has no such limit, or none that was met."""


def page() -> str:
    return mdoc.page(
        "wsprobe-browsers", 7, "what a script in each browser sees of a WebSocket handshake", _body()
    )


def _body() -> Iterator[str]:
    yield ".Sh DESCRIPTION"
    yield from mdoc.paragraphs(
        "Whatever goes wrong in a WebSocket handshake, script is told of it by an error event without content "
        "and a close event with code 1006, and the standard wants it so. What counts as going wrong differs "
        "from engine to engine. This page says how, for every scenario of the lab (wsprobe serve --list). It "
        "is made by running the views that wsprobe compare --browser-mode shows; that those say what the "
        "engines do is the subject of MEASURING below. Floods and what else never ends are left out: how much "
        "of them comes through is a matter of limits, of time and memory, and not of rules.",
    )
    yield ".Ss Readers"
    yield from mdoc.tagged(
        (f"{NAMES[name]} {ENGINES[name].version}".strip(), about) for name, about in READERS.items()
    )
    yield ".Ss Runtimes"
    yield from mdoc.paragraphs(
        "Clients with the same interface outside browsers are read by name, or with all others by --browser "
        "clients. Their script has no page: no Origin is sent, no cookie, and neither mixed content nor a "
        "policy keeps anything back; only undici blocks ports. A relative URL does not parse. Their error "
        "event is an ErrorEvent: its message is shown, and is a member of the event in JSON.",
    )
    yield from mdoc.tagged((f"{name} {ENGINES[name].version}", about) for name, about in RUNTIMES.items())
    yield ".Sh WHAT THEY MAKE OF AN ANSWER"
    yield from mdoc.paragraphs(
        "By subject: first what all readers agree on, then every scenario in which they do not, with what "
        "script is told and the step that decided it. A close is unclean unless it is said to be clean. An "
        "error event has no content.",
    )
    for title, names in subjects().items():
        yield from _subject(title, [name for name in names if not floods(CATALOGUE[name])])
    yield from _races()
    yield from _conformance()
    yield from _requests()
    yield from _limits()
    yield from _console()
    yield from _measuring()
    yield from _another_browser()
    yield from mdoc.references("wsprobe-compare(1)", "wsprobe-explain(1)", "wsprobe-history(7)", "wsprobe(1)")


def floods(scenario: Scenario) -> bool:
    """True if what script is told of *scenario* is a matter of limits."""
    of = scenario.http2
    if of is None:
        return scenario.about == "hostile"
    return of.outcome == "limit" or any(step.repeat >= _FLOOD for play in of.plays for step in play)


@cache
def views(name: str) -> dict[str, ScriptView]:
    """Reader -> what it makes of scenario *name*."""
    return {reader: rehearse(ENGINES[reader], CATALOGUE[name], CATALOGUE) for reader in NAMES}


def _subject(title: str, names: list[str]) -> Iterator[str]:
    if not names:
        return
    yield f".Ss {mdoc.escaped(title)}"
    apart = [name for name in names if len({told(view) for view in views(name).values()}) > 1]
    same = Counter(said(views(name)["whatwg"]) for name in names if name not in apart)
    agreed = "; ".join(f"{result} ({count})" for result, count in same.most_common(6))
    rest = ", and others" if len(same) > 6 else ""
    told_so = f": {agreed}{rest}" if agreed else ""
    yield from mdoc.text(f"{len(names)} scenarios. All agree in {len(names) - len(apart)}{told_so}.")
    if not apart:
        return
    yield ".Bl -tag -width Ds"
    for name in apart:
        yield f".It {mdoc.quoted(name)}"
        yield from _scenario(CATALOGUE[name], views(name))
    yield ".El"


def _scenario(scenario: Scenario, seen: Mapping[str, ScriptView]) -> Iterator[str]:
    yield from mdoc.text(scenario.summary)
    groups: dict[object, list[str]] = {}
    for reader, view in seen.items():
        groups.setdefault(told(view), []).append(reader)
    for readers in groups.values():
        view = seen[readers[0]]
        yield ".br"
        yield from mdoc.text(f"{', '.join(NAMES[reader] for reader in readers)}: {said(view)} [{view.because}]")


def said(view: ScriptView) -> str:
    """What script is told, in few words."""
    if view.exception is not None:
        return f"the constructor throws {view.exception.name}"
    words: list[str] = []
    for event in view.events:
        word = _event(event)
        if not words or words[-1] != word:
            words.append(word)
    if view.ready_state != 3:
        words.append(
            f"readyState stays {view.ready_state}" if words else f"nothing, readyState {view.ready_state}"
        )
    return ", ".join(words)


def _event(event: DomEvent) -> str:
    match event.type:
        case "open":
            chosen = ", ".join(each for each in (event.protocol, event.extensions) if each)
            return f"open ({chosen})" if chosen else "open"
        case "close":
            reason = f' "{_short(event.reason)}"' if event.reason else ""
            return f"close {event.code}{reason}{' clean' if event.was_clean else ''}"
        case "throw" if event.exception is not None:
            return f"a call throws {event.exception.name}"
        case "message":
            return "message"
        case _:
            return event.type


def _short(text: str) -> str:
    return text if len(text) <= 30 else f"{text[:30]}..."


def _races() -> Iterator[str]:
    yield ".Ss Races"
    yield from mdoc.text(
        "Where one engine gives more than one result for the same bytes, the view says so, and compare shows "
        "it. These scenarios race:"
    )
    yield from mdoc.tagged(
        (
            (
                name,
                " ".join(
                    f"{NAMES[reader]}: {view.races}." for reader, view in views(name).items() if view.races
                ),
            )
            for name, scenario in CATALOGUE.items()
            if not floods(scenario) and any(view.races for view in views(name).values())
        )
    )


def _conformance() -> Iterator[str]:
    cases = {name: scenario for name, scenario in CATALOGUE.items() if scenario.conforming is not None}
    yield ".Sh CONFORMANCE"
    yield from mdoc.paragraphs(
        f"The {len(cases)} scenarios whose names begin with autobahn- are the client cases of the Autobahn "
        "testsuite by its numbers, sections 1 to 7: framing, Ping and Pong, reserved bits, opcodes, "
        "fragmentation, UTF-8, and closing. They are written anew. Each says what a client that conforms to "
        "RFC 6455 makes of it: the messages that it is given, the Pongs that it sends, and then whether it "
        "takes the server's Close or fails the connection, and with which code; wsprobe explain "
        "lab:autobahn-3-2 shows it, wsprobe serve --list --json has it for all. What wsprobe connect says of "
        "each agrees with it: invalid is what a client has to fail. No echo is waited for, so any client will "
        "do.",
        "In 7.9.3, 7.9.6 to 7.9.9 and 7.13 the suite wants the connection failed, or leaves open what is to be "
        "done, and no sentence of RFC 6455 has a client refuse a code that nobody has registered: either will "
        "do here. In 7.9.1, 7.9.2, 7.9.4 and 7.9.5 the server breaks such a sentence, and the suite wants it "
        "failed for that; what follows for the client is left unsaid, so that a reader that goes by the letter "
        "takes it. In 7.5.1 the code may be 1002 or 1007.",
        "Script is not told how a connection was failed. So far as it is told, this is what the views, and the "
        "engines that were measured, make of the cases:",
    )
    yield from mdoc.tagged(
        (f"{NAMES.get(name, name)} {ENGINES[name].version}".strip(), _conforms(name, cases))
        for name in (*NAMES, *RUNTIMES)
    )


def _conforms(reader: str, cases: Mapping[str, Scenario]) -> str:
    """In how many of *cases* the reader shows script what a conforming client does, and what else it does."""
    other: dict[str, list[str]] = {}
    for name, scenario in cases.items():
        assert scenario.conforming is not None
        view = views(name)[reader] if reader in NAMES else rehearse(ENGINES[reader], scenario, CATALOGUE)
        if fault := _unlike(view, scenario.conforming):
            other.setdefault(fault, []).append(name.removeprefix("autobahn-").replace("-", "."))
    count = len(cases) - sum(map(len, other.values()))
    parts = [f"{count} of {len(cases)}", *(f"{fault} {_listed(names)}" for fault, names in other.items())]
    return "; ".join(parts) + "."


def _unlike(view: ScriptView, conforming: Conforming) -> str:
    """What script is told that it would not be by a conforming client, "" if nothing is."""
    given = [event.data for event in view.events if event.type == "message"]
    meant = [each.data.decode() if each.kind == "text" else each.data for each in conforming.messages]
    if given != meant:
        return "delivers what it must not in" if given[: len(meant)] == meant else "does not deliver all in"
    taken = [event.code for event in view.events if event.type == "close" and event.was_clean]
    if not taken:
        return "" if conforming.fail else "fails the connection in"
    return "" if taken == [conforming.close] else f"takes the Close, as {taken[0]}, in"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _requests() -> Iterator[str]:
    yield ".Sh WHAT THEY ASK"
    yield from mdoc.text(
        "The opening request of each engine for a page at http://localhost/ that opens "
        "ws://server.example/chat; the key is an example. compare sends these, byte for byte, unless --as-is "
        "is given."
    )
    for name in ("chromium", "firefox", "webkitgtk"):
        engine = ENGINES[name]
        made = engine.construct("ws://server.example/chat", Page())
        yield f".Ss {NAMES[name]} {engine.version}"
        yield from mdoc.literal(engine.request(made, Page(), KEY).decode("latin-1").rstrip().split("\r\n"))


def _limits() -> Iterator[str]:
    yield ".Sh LIMITS AND TIMES"
    yield from mdoc.tagged(
        (what, "; ".join(f"{NAMES[name]}: {number} {unit}" for name, number in numbers.items()) + ".")
        for what, numbers, unit in FACTS
    )


def _console() -> Iterator[str]:
    yield ".Sh WHAT THE CONSOLE SAYS"
    yield from mdoc.text(
        "Script cannot read the console, but a person can. wsprobe explain recognises these lines whole, as "
        "they are copied; braces stand for what varies."
    )
    for name in ("chromium", "firefox", "webkitgtk"):
        yield f".Ss Console of {NAMES[name]}"
        yield from mdoc.tagged(
            (row["text"], row["means"]) for row in explained.load(f"console/{name}")["message"]
        )


def _measuring() -> Iterator[str]:
    yield ".Sh MEASURING"
    measured = json.loads(Path(__file__).with_name("agreement.json").read_text("utf-8"))
    yield from mdoc.paragraphs(
        "Every scenario was run in the real engines, from Debian's packages: Chromium headless, driven by its "
        "DevTools protocol; Firefox headless, driven by Marionette; WebKitGTK in its MiniBrowser, on a display "
        "of its own. A page opens the socket against the lab and writes down exceptions, events with their "
        "attributes and readyState; the driver reads the console. What differed between runs was measured five "
        "times. The results are kept as tests/browsers/recordings/*.jsonl, beside the requests that the "
        "engines sent. Every test run holds the views against them: exception, url, events, attributes, "
        "readyState and console text alike. .ci/run drives the engines again.",
        "Where view and recording are the same, by kind of scenario (kind: same of all):",
    )
    for columns in (slice(0, _BROWSERS), slice(_BROWSERS, None)):
        engines = list(measured["engines"])[columns]
        widths = [max(len(kind) for kind in measured["kinds"])] + [max(len(name), 9) for name in engines]
        rows = [["", *engines]] + [[kind, *row[columns]] for kind, row in measured["kinds"].items()]
        yield from mdoc.literal(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )
    yield from mdoc.paragraphs(
        "The runtimes are npm packages, at the versions that tests/browsers/clients/package.json names; "
        "python -m tests.browsers.clients installs them. They run the script of the same page, as a file.",
        "A view follows a message to 16 MiB unfolded, and says so where there is more; an engine goes on to a "
        "limit of its own, or of memory. For this table the views go on, too.",
    )
    yield ".Ss When an engine is updated"
    yield from mdoc.bullets(
        (
            "python -m tests.browsers.moved says which installed engine is newer than the facts of it; .ci/run "
            "prints it, and lets such an engine differ.",
            "python -m tests.browsers.measure --engine chromium brings the new recordings, requests too, and "
            "prints what changed for scripts since the old ones; with --check it writes nothing.",
            "If all is as before but the version, and texts that name it, copy the engine's file of facts "
            "(wsprobe/browsers/chromium/v156.py, say), change what has changed, and name it after "
            "the new version: the newest is the one that is used.",
            "If a rule has changed, change it where it stands in the engine's order of checks, with a value in "
            "the facts where both versions are to be kept.",
            "What the catalogue does not ask: write scenarios as it has them into a file, and run python -m "
            "tests.browsers.against FILE, which says in what the views are not what the engines do.",
            "pytest tests/browsers says where views and recordings differ.",
            "python -m tests.browsers.agreement --write and python -m man.build bring this page up to date.",
        )
    )


def _another_browser() -> Iterator[str]:
    yield ".Sh ANOTHER BROWSER"
    yield from mdoc.paragraphs(
        "Any browser can be held against the views, one that runs on no machine of ours too: the page of "
        "wsprobe serve runs the scenarios in the browser that opens it. What it finds is a file, one scenario "
        "a line, with the User-Agent and the versions in its first line. Safari, with a Mac and ten minutes:",
    )
    yield from mdoc.bullets(
        (
            "pip install 'wsprobe[lab]', then wsprobe serve; open in Safari the URL that it prints.",
            "For the scenarios over TLS: press Run all and Stop, open the link to the authority's certificate "
            "under Left out, double-click the file, and let Keychain Access always trust it. Load the page "
            "again. Without it these scenarios are left out, and the file says so. The authority is made anew "
            "each time and its key never leaves the memory of wsprobe; take it out of the keychain afterwards.",
            "Press Run all and keep the tab in front: two or three minutes in the engines that were measured. "
            "Then press Save as a file.",
            "wsprobe compare --measured safari-18.5.jsonl says which engine it is nearest to and what differs; "
            "with lab:NAME, what was seen of one scenario beside each prediction.",
            "In a checkout, python -m tests.browsers safari-18.5.jsonl keeps the file as recordings of a new "
            "engine, and prints the table of agreement. The views are then written against it.",
        )
    )
    yield from mdoc.paragraphs(
        "A phone in the same network: wsprobe serve --public --keep FILE prints a URL with a token in it. What "
        "names the loopback address is left out there, and Send to wsprobe serve writes the file. "
        "Whoever reaches the machine reaches the lab as long as it runs.",
        "The page runs scenarios side by side only as far as browsers do: one handshake at a time with one "
        "address. What races (an end that comes with, or before, what it ends) may differ from run to run, and "
        "is named as such.",
        "A browser that is installed: wsprobe compare --run-browser chromium URL opens any URL in it, from a "
        "page of a private lab, beside the prediction for that page.",
    )
