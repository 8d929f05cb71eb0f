"""wsprobe(1): the program as a whole."""

from __future__ import annotations

from collections.abc import Iterator

from man.build import mdoc
from man.build.commands import statuses
from wsprobe.cli.main import COMMANDS
from wsprobe.outcome import TABLE

ABOUT = "show what a WebSocket server answered to a handshake, and what a script in a browser sees of it"

DESCRIPTION = (
    "wsprobe makes one WebSocket handshake (RFC 6455), records every byte of it, and says exactly what came "
    "back: status line, header fields, body, frames, how and when it ended. Every fault is named, not only the "
    "first, with the rule that it breaks and the bytes that are meant.",
    "A browser hides nearly all of this from the page: whatever a server says in refusing a handshake, script "
    "gets an error event with nothing in it and a close event with code 1006. wsprobe shows both sides of the "
    "same answer: what was on the wire, and what script in Chromium, Firefox, WebKitGTK, or in a browser that "
    "follows the standards to the letter, sees of it. It runs no browser for this: the rules of each engine "
    "were written down and are checked against recordings of the engine itself, see wsprobe-browsers(7).",
)

IDEAS = (
    (
        "recording",
        "Everything that was decided, sent and received, with times. It is what --save and --json keep, and "
        "all that is shown is read from it alone: a saved recording can be read anywhere, later, without a "
        "network.",
    ),
    (
        "outcome",
        "One word for what came of a handshake, and the exit status that goes with it. Three are easily "
        "confused: refused is an HTTP answer that is not 101, invalid is a 101 that breaks a rule, dropped is "
        "no complete answer.",
    ),
    (
        "finding",
        "One thing that is wrong (fail), doubtful (warn) or worth knowing (note), under a stable id that "
        "wsprobe explain can look up.",
    ),
    (
        "lab",
        "A catalogue of named scenarios and a loopback server that plays them. A URL lab:NAME starts it on a "
        "free port, probes that scenario over a real socket, and stops it; wsprobe serve keeps it running for "
        "other clients. lab:PATH asks for an answer of one's own, as lab:status/418?reason=Teapot.",
    ),
)

STREAMS = (
    "Reports and data go to standard output, words about the call itself to standard error. connect reads "
    "standard input only when it is told to (-), and talk does. The words are the same in a pipe as on a "
    "terminal; a terminal adds colour. Bytes from a server never reach a terminal raw: what is not printable "
    "is shown as \\x1b and the like.",
)

OPTIONS = (
    ("-h, --help", "Show help, of the program or of a command."),
    ("-V, --version", "Show the version."),
)

ENVIRONMENT = (
    ("NO_COLOR", "If it is set and not empty, no colour is used, unless --color=always says so."),
    ("TERM", "If it is dumb, no colour is used."),
    ("COLUMNS", "The width to draw for, in place of the terminal's own."),
    ("SSLKEYLOGFILE", "A file to which TLS secrets are appended, so that Wireshark can decrypt a capture."),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "Authorities that OpenSSL trusts in place of the system's."),
)

COMPLETION = (
    "Commands, options, their values, files and the names of lab scenarios are completed in bash, zsh and "
    "fish. For bash, put the first line into ~/.bashrc; for zsh the second into ~/.zshrc, after compinit; for "
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
    ("wsprobe compare --browser-mode lab:status-403", "The same without a server of one's own:"),
    ("wsprobe explain 1006", "What does this close code mean?"),
)

STANDARDS = (
    "RFC 6455 (The WebSocket Protocol) with its errata, RFC 7692 (Compression Extensions), RFC 9110 and 9112 "
    "(HTTP), RFC 8305 (order of addresses); the WebSockets, Fetch, URL and HTML standards of the WHATWG for "
    "what script sees."
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
    yield from mdoc.tagged(IDEAS)
    yield ".Ss Streams"
    yield from mdoc.paragraphs(*STREAMS)
    yield ".Ss Shell completion"
    yield from mdoc.text(COMPLETION)
    yield from mdoc.literal(COMPLETION_LINES)
    yield ".Sh ENVIRONMENT"
    yield from mdoc.tagged(ENVIRONMENT)
    yield ".Sh FILES"
    yield from mdoc.text(
        "A bug in wsprobe ends it with status 70 and leaves a file wsprobe-bug-*.txt in the directory for "
        "temporary files, which the message names. It holds a traceback and no part of the command line but "
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
    yield from mdoc.references(
        *(f"wsprobe-{name}(1)" for name in COMMANDS),
        "wsprobe-json(5)",
        "wsprobe-browsers(7)",
        "wsprobe-history(7)",
    )
    yield ".Sh STANDARDS"
    yield from mdoc.text(STANDARDS)
