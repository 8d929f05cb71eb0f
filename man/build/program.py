"""wsprobe(1): the program as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from man.build import mdoc
from man.build.commands import BEHIND, sample, statuses
from wsprobe.cli.main import COMMANDS
from wsprobe.explain.entry import load
from wsprobe.report.outcome import TABLE

ABOUT = "show what a WebSocket server answered to a handshake, and what a script in a browser sees of it"

DESCRIPTION = (
    "wsprobe makes one WebSocket handshake (RFC 6455), records every byte, and shows exactly what came back: "
    "status line, header fields, body, frames, how and when it ended. It reports everything "
    "that is wrong, not just the first, with the rule and the bytes.",
    "A browser hides nearly all of this from the page: however a server refuses a handshake, the script gets "
    "an error event without content and a close event with code 1006. wsprobe shows both sides of the same "
    "answer: the bytes on the wire, and what a script sees in Chromium, Firefox, WebKitGTK, and by the "
    "standards taken literally. It needs no browser for this: it has the rules of each browser, checked "
    "against recordings of the real one. See wsprobe-browsers(7).",
)

WORDS = {row["name"]: row for row in load("wsprobe")["term"]}
"""The words of wsprobe's own output, which `wsprobe explain` knows."""

STREAMS = (
    "Reports and data go to standard output, messages about the command itself to standard error. connect "
    "reads standard input only for -, talk always does. A pipe gets the same text as a terminal, without "
    "colour. wsprobe never prints raw bytes of a server on a terminal: it shows unprintable ones as \\x1b and "
    "so on.",
)

OPTIONS = (
    ("-h, --help", "Show help, of the program or of a command."),
    ("-V, --version", "Show the version."),
)

ENVIRONMENT = (
    ("NO_COLOR", "If set and not empty: no colour, except with --color=always."),
    ("TERM", "If dumb: no colour."),
    ("COLUMNS", "The width to use instead of the terminal's."),
    (
        "http_proxy, https_proxy, HTTPS_PROXY, ALL_PROXY, NO_PROXY",
        WORDS["http_proxy"]["text"],
    ),
    ("NETRC", "The file that --netrc reads instead of ~/.netrc."),
    ("HOME", "Where ~/.netrc is."),
    ("DASK_*", "Settings of Dask, for --cluster."),
    ("SSLKEYLOGFILE", "A file to which TLS secrets are appended, so that Wireshark can decrypt a capture."),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "Authorities that OpenSSL trusts instead of the system's."),
)

COMPLETION = (
    "bash, zsh and fish can complete commands, options, their values, files and the names of lab scenarios. "
    "For bash, put the first line into ~/.bashrc; for zsh the second into ~/.zshrc, after compinit; for "
    "fish the third into ~/.config/fish/completions/wsprobe.fish."
)
COMPLETION_LINES = (
    'eval "$(_WSPROBE_COMPLETE=bash_source wsprobe)"',
    'eval "$(_WSPROBE_COMPLETE=zsh_source wsprobe)"',
    "_WSPROBE_COMPLETE=fish_source wsprobe | source",
)

EXAMPLES = (
    ("wsprobe connect wss://chat.example/ws", "Why does this handshake fail?"),
    ("wsprobe compare --browser-mode wss://chat.example/ws", "What does the page see?"),
    ("wsprobe compare --browser-mode lab:status-403", "The same without your own server:"),
    ("wsprobe explain 1006", "What does this close code mean?"),
)

STANDARDS = (
    "RFC 6455 (The WebSocket Protocol) with its errata, RFC 7692 (Compression Extensions), RFC 9110 and 9112 "
    "(HTTP), RFC 8305 (order of addresses); the WebSockets, Fetch, URL and HTML standards of the WHATWG for "
    "what a script sees."
)


def page() -> str:
    return mdoc.page("wsprobe", 1, ABOUT, _body())


def _body() -> Iterator[str]:
    yield from (".Sh SYNOPSIS", ".Nm", ".Ar command", ".Op Ar options", ".Op Ar argument ...")
    yield ".Sh DESCRIPTION"
    yield from mdoc.paragraphs(*DESCRIPTION)
    yield ".Ss Commands"
    yield ".Bl -tag -width Ds"
    for name, does in COMMANDS.items():
        yield f".It Ic {name}"
        yield from mdoc.text(f"{does[0].upper()}{does[1:]}.")
        yield "See"
        yield f".Xr wsprobe-{name} 1 ."
    yield ".El"
    yield ".Ss Options"
    yield from mdoc.tagged(OPTIONS)
    yield ".Ss Terms"
    yield from mdoc.tagged((name, row["text"]) for name, row in WORDS.items() if row.get("page"))
    yield ".Ss Streams"
    yield from mdoc.paragraphs(*STREAMS)
    yield ".Ss Shell completion"
    yield from mdoc.text(COMPLETION)
    yield from mdoc.literal(COMPLETION_LINES)
    yield ".Sh ENVIRONMENT"
    yield from mdoc.tagged(ENVIRONMENT)
    yield ".Sh FILES"
    yield from mdoc.text(
        "After a bug, wsprobe ends with status 70 and leaves a file wsprobe-bug-*.txt in the directory for "
        "temporary files; the message names it. The file has a traceback, and nothing of the command line but "
        "the command."
    )
    yield ".Sh EXIT STATUS"
    yield from statuses(TABLE)
    yield ".Sh EXAMPLES"
    for number, (line, does) in enumerate(EXAMPLES):
        if number:
            yield ".Pp"
        yield from mdoc.text(does)
        yield from mdoc.literal((line,))
    yield from sample(BEHIND["compare"])
    yield from mdoc.references(
        *(f"wsprobe-{name}(1)" for name in COMMANDS),
        "wsprobe-python(3)",
        "wsprobe-json(5)",
        "wsprobe-browsers(7)",
        "wsprobe-conclusions(7)",
        "wsprobe-cookbook(7)",
        "wsprobe-history(7)",
    )
    yield ".Sh STANDARDS"
    yield from mdoc.text(STANDARDS)
    yield ".Sh BUGS"
    yield from mdoc.text(
        "Report a bug in the tracker of the repository that you cloned, with the file of wsprobe connect "
        "--redact --save FILE of the handshake, or with the file that the message of status 70 names."
    )
