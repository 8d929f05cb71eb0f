"""wsprobe-browsers(7): what engines agree on and where they differ, briefly. browsers.md has the rest."""

from __future__ import annotations

import json
from collections.abc import Iterator

from man.build import mdoc
from man.build.tables import AGREEMENT
from man.build.views import CATALOGUE, NAMES, floods, grouped, named, said, views
from wsprobe.browsers import BROWSERS, ENGINES, table, versions

READERS = {
    "chromium": "The engine of Chrome, Edge, Opera and others. Chromium 92, 109, 123 and 138, and QtWebEngine "
    "6.8 and 6.11, saw the same in 60 of 60 scenarios; an http: URL is a SyntaxError in 92, 109 and 123, "
    "and opens in 138.",
    "firefox": "Firefox ESR.",
    "webkitgtk": "WebKit as GNOME ships it. It is not Safari: both use WebCore, but WebKitGTK uses libsoup "
    "for the network, and Safari uses Apple's code. Nothing on this page was measured with "
    "Safari.",
    "whatwg": "The WHATWG's WebSockets, Fetch, URL and HTML standards, and RFC 6455 and 7692, to the letter.",
    "w3c-cr-2012": "The W3C Candidate Recommendation of 2012-09-20, to the letter.",
}
RUNTIMES = {
    "undici@6.29": "Node 22. The message names the check that a 101 failed, or says that there was no 101. A "
    "failed handshake has no close event; readyState stays 0.",
    "undici@7.30": "Node 24 and 25. The message is always empty, the code 1006.",
    "undici": "Node 26.",
    "ws": "The npm package ws, on Node. The message names the failure; a listener for unexpected-response can "
    "read the status, headers and body of a refusal.",
    "deno": "Deno. The message names the failure. Deno does not check Sec-WebSocket-Accept, the subprotocol "
    "and extensions.",
    "bun": "Bun. The message has the failure and the URL.",
}
AGREED: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Any status but 101, except redirects; status, headers and body stay hidden",
        ("403", "404", "426", "500", "200-html"),
    ),
    (
        "A refused connection, a DNS failure, a close or a reset before the answer",
        ("refused", "dns-host-invalid", "fin-after-request", "rst-on-request"),
    ),
    (
        "A 101 with a wrong or missing Sec-WebSocket-Accept, without Upgrade, or without Connection",
        ("accept-wrong", "accept-missing", "upgrade-missing", "connection-missing"),
    ),
    ("A subprotocol that was not offered, if others were", ("proto-other",)),
    ("An extension that was not offered", ("ext-unknown",)),
    ("A text message that is not UTF-8, a reserved bit or opcode", ("text-bad-utf8", "rsv-2", "opcode-3")),
    (
        "How to tell a page why: the server accepts, then closes with 4403 and a reason",
        ("accept-then-close-4403",),
    ),
)
"""(what happens, scenarios in which all readers see the same)."""

DIFFERENCES: tuple[tuple[str, str], ...] = (
    ("A redirect to a URL that would open", "302-ws"),
    ("An invalid certificate, and most other TLS failures", "wss-expired"),
    ("A certificate with a common name only", "wss-common-name"),
    ("Subprotocols are offered, and the 101 selects none", "proto-missing"),
    ("A subprotocol is selected although none was offered", "proto-unasked"),
    ("An interim answer (103) before the 101", "103-then-101"),
    ("HTTP/1.0 in the status line of the 101", "101-http10"),
    ("Sec-WebSocket-Accept in wrong case, or twice", "accept-lowercased-value"),
    ("The server closes with 1012 (service restart), 1013 or 1014", "close-1012"),
    ("The server closes and resets TCP a moment later", "close-then-rst"),
    ("A server masks its frames", "masked-server"),
    ("A 403 announces a body that does not come", "403-hold-no-body"),
    ("ws: to a host that is not loopback, from an https: page", "https-page-ws-remote-name"),
    ("The page's Content-Security-Policy forbids the connection", "csp-connect-src-none"),
    ("A port that Fetch blocks, such as 25", "port-25"),
    ("WebSockets over HTTP/2 are announced and refused; HTTP/1.1 would open", "h2-status-403"),
)
"""(what happens, a scenario in which readers differ)."""

FACTS: tuple[tuple[str, str, str], ...] = (
    ("The engine gives up the opening handshake after", "opening_timeout", "seconds"),
    ("The server must answer a Close frame within", "closing_timeout", "seconds"),
    ("After both Close frames the server must close TCP within", "tcp_close_timeout", "seconds"),
    ("Largest head of an answer", "max_head", "bytes"),
    ("Largest message", "max_message", "bytes"),
    ("Redirects and retries of one handshake", "max_resends", "at most"),
)
"""(what, its key in the facts of browsers, unit). A browser without the key has no such limit, or none that was
met."""


def page() -> str:
    return mdoc.page(
        "wsprobe-browsers", 7, "what a script in each browser sees of a WebSocket handshake", _body()
    )


def _body() -> Iterator[str]:
    asked = [name for name, scenario in CATALOGUE.items() if not floods(scenario)]
    same = sum(len(grouped(views(name))) == 1 for name in asked)
    yield ".Sh DESCRIPTION"
    yield from mdoc.paragraphs(
        "Whatever goes wrong in a WebSocket handshake, a script sees an error event without content and a "
        "close event with code 1006, as the standard requires. Engines differ in what counts as wrong: all "
        f"five views below agree in {same} of {len(asked)} scenarios without a flood.",
    )
    yield ".Ss Views"
    yield from mdoc.tagged(
        (f"{NAMES[name]} {ENGINES[name].version}".strip(), about) for name, about in READERS.items()
    )
    yield ".Ss Runtimes"
    yield from mdoc.paragraphs(
        "compare shows clients outside browsers by name, or all with --browser clients. They have no page: no "
        "Origin, no cookies, no mixed content, no Content-Security-Policy. Their error event is an ErrorEvent "
        "with a message. node22 means the undici built into that Node.",
    )
    yield from mdoc.tagged(
        (f"{name.partition('@')[0]} {ENGINES[name].version}", about) for name, about in RUNTIMES.items()
    )
    yield ".Sh WHAT ALL AGREE ON"
    yield from mdoc.bullets(f"{what}: {_result(names)}." for what, names in AGREED)
    yield ".Sh WHERE THEY DIFFER"
    yield from mdoc.text(
        "A close is unclean unless marked clean. To try the scenario in brackets: wsprobe compare "
        "--browser-mode lab:NAME."
    )
    yield ".Bl -tag -width Ds"
    for what, name in DIFFERENCES:
        yield f".It {mdoc.quoted(f'{what} [{name}]')}"
        for number, (readers, view) in enumerate(grouped(views(name))):
            if number:
                yield ".br"
            yield from mdoc.text(f"{named(readers)}: {said(view)}.")
    yield ".El"
    yield from _races(asked)
    yield from _requests()
    yield from _local_network()
    yield from _limits()
    yield from _measuring()
    yield from _another_browser()
    yield from mdoc.references("wsprobe-compare(1)", "wsprobe-explain(1)", "wsprobe-history(7)", "wsprobe(1)")


def _result(names: tuple[str, ...]) -> str:
    (result,) = {said(view) for name in names for view in views(name).values()}
    return result


def _races(asked: list[str]) -> Iterator[str]:
    racing = sum(any(view.races for view in views(name).values()) for name in asked)
    yield ".Ss Races"
    yield from mdoc.text(
        f"In {racing} scenarios one engine has more than one result for the same bytes. In nearly all of them "
        f"the connection ends immediately after something else. Firefox may lose open, or a clean close, if "
        f"the server drops the connection right after the 101 or its Close frame. WebKitGTK may count the last "
        f"message of the script as unsent. A server avoids these races if it waits for the client's Close "
        f"before it closes TCP. The view shows one of the results, and compare reports the race."
    )


def _requests() -> Iterator[str]:
    yield ".Sh OPENING REQUESTS"
    yield from mdoc.text(
        "All send Origin, User-Agent, Accept-Language, Accept-Encoding, Pragma and Cache-Control in addition "
        "to the headers of RFC 6455, each in its own order. Chromium and WebKitGTK offer permessage-deflate; "
        "client_max_window_bits, Firefox only permessage-deflate. If a server announces WebSockets over HTTP/2 "
        "(RFC 8441), Firefox uses them and does not fall back; Chromium uses them once a page of that origin "
        "is open. compare sends these requests byte for byte, unless --as-is is given."
    )


def _local_network() -> Iterator[str]:
    yield ".Sh THE LOCAL NETWORK"
    yield from mdoc.text(
        "Since version 147, Chromium lets a page of a public address reach the local network or this machine "
        "only with a permission; without it, Chromium sends nothing. wsprobe explain lna has the rules. "
        "Measured with Chromium 156 and --ip-address-space-overrides: each pair of the address spaces public, "
        "local and loopback, secure and not, each permission granted and denied, data:, file: and sandboxed "
        "pages. Behind a proxy Chromium does not check (by its source). Firefox 153 has such a check, off by "
        "default."
    )


def _limits() -> Iterator[str]:
    yield ".Sh LIMITS AND TIMES"
    tables = {name: table(name, versions(name)[-1]) for name in BROWSERS}
    rows = (
        (what, [f"{NAMES[name]}: {facts[key]} {unit}" for name, facts in tables.items() if key in facts])
        for what, key, unit in FACTS
    )
    yield from mdoc.tagged(((what, "; ".join(numbers) + ".") for what, numbers in rows), compact=True)


def _measuring() -> Iterator[str]:
    measured = json.loads(AGREEMENT.read_text("utf-8"))
    yield ".Sh MEASURING"
    yield from mdoc.paragraphs(
        "Every scenario ran in the real engines, from Debian's packages: Chromium headless, driven by "
        "DevTools; Firefox headless, driven by Marionette; WebKitGTK in its MiniBrowser. The runtimes are npm "
        "packages. A page opens the socket and records exceptions, events with their attributes, and "
        "readyState; the driver reads the console. Scenarios with different results were run five times. "
        "tests/browsers/recordings has the results, and every test run compares the views with them: "
        "exception, url, events, attributes, readyState and console text. The view of each engine agrees with "
        "this many of all recordings:",
    )
    yield from mdoc.literal(
        f"{engine.split()[0]:<16}{row}"
        for engine, row in zip(measured["engines"], measured["kinds"]["all"], strict=True)
    )
    yield ".Ss Over HTTP/2"
    yield from mdoc.paragraphs(
        "Chromium's view agreed with each of 200 new random scenarios, Firefox's with 190 of 198; the eight "
        "differences have since been fixed. A stream that ends with the 200, or within 10 ms of a Close, gives "
        "Firefox more than one result; the view says so.",
        "Two answers freeze Firefox ESR 153.8, with all of its windows: an extension with "
        "client_max_window_bits=8, over HTTP/1.1 too, and HEADERS that end the stream before a CONTINUATION. "
        "The page gets no event then.",
    )
    yield ".Ss When an engine is updated"
    yield from mdoc.bullets(
        (
            "python -m tests.browsers.moved lists installed engines that are newer than the version wsprobe "
            "knows.",
            "python -m tests.browsers.measure --engine chromium makes new recordings, and prints the changes "
            "that scripts see; with --check it writes nothing.",
            "Add a file of facts with the differences, like wsprobe/browsers/facts/undici@6.29.toml. If a rule "
            "changed, change it in its place, and let a value of the facts choose.",
            "pytest tests/browsers shows where views and recordings differ; python -m tests.browsers.against "
            "FILE does so for your own scenarios, or for random ones that python -m tests.browsers.fresh SEED "
            "makes. Over HTTP/2: python -m tests.browsers.fresh_http2 SEED.",
            "python -m tests.browsers.agreement --write and python -m man.build bring this page up to date.",
        )
    )


def _another_browser() -> Iterator[str]:
    yield ".Sh ANOTHER BROWSER"
    yield from mdoc.paragraphs(
        "You can compare any browser with the views, on any machine: the page of wsprobe serve runs the "
        "scenarios in the browser that opens it, and saves the results as a file. For Safari, on a Mac, this "
        "takes ten minutes:",
    )
    yield from mdoc.bullets(
        (
            "Install the extra lab, then wsprobe serve; open the printed URL in Safari.",
            "For the TLS scenarios (otherwise left out): press Run all and Stop, open the link to the "
            "authority's certificate under Left out, double-click the file, let Keychain Access always trust "
            "it, and load the page again. Afterwards remove the certificate from the keychain.",
            "Press Run all and keep the tab in front for two or three minutes. Then press Save as a file.",
            "wsprobe compare --measured safari-18.5.jsonl shows the nearest engine and the differences; with "
            "lab:NAME, the result of one scenario next to each prediction.",
            "In a checkout, python -m tests.browsers safari-18.5.jsonl stores the file as recordings of a new "
            "engine. Then write its views, and test them against these recordings.",
        )
    )
    yield ".Pp"
    yield from mdoc.paragraphs(
        "A phone in the same network: wsprobe serve --public --keep FILE prints a URL with a token, and the "
        "button Send to wsprobe serve writes the file. Anyone who can reach the machine can reach the lab "
        "while it runs.",
        "For an installed browser, wsprobe compare --run-browser chromium URL opens any URL in it, from a "
        "page of a private lab, and shows the result next to the prediction for that page.",
    )
