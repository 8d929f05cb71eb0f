"""``wsprobe trace``: the same handshake, then again with one thing changed at a time, and what that means."""

from __future__ import annotations

import click

from wsprobe.cli.completion import places
from wsprobe.cli.option import Given, Tables, takes
from wsprobe.cli.output_settings import ExpectSettings, OutputSettings
from wsprobe.cli.paste import PastedSettings, Pasting
from wsprobe.cli.request_settings import OwnRequestSettings, RequestSettings
from wsprobe.cli.route_settings import CONNECTION
from wsprobe.cli.trace_settings import INSTEAD, TraceSettings
from wsprobe.trace.request_words import request_words

ELSEWHERE = ("wire", "cookie_jar", "http2", "http2_prior_knowledge", "http2_anyway")
"""Options of `connect` that lead to another host or another protocol than the changes are about, or change a
request by what an earlier answer said."""


def tables() -> Tables:
    """The requests, and what each shows."""
    rows = [(name, f"{changed}. Shows: {tells}.") for name, (changed, tells) in request_words("trace").items()]
    return (("Changes, in the order they are sent", rows),)


EXAMPLES = (
    ("wsprobe trace wss://chat.example/ws", "Which change makes it work, and which proxy broke it?"),
    (
        "wsprobe trace --backend 127.0.0.1:8000 wss://chat.example/ws",
        "The proxy or the application? From the machine on which the application listens:",
    ),
    (
        "wsprobe trace --backend 10.0.0.2:8080 --backend ws://10.0.0.3:8000/ws wss://chat.example/app/ws",
        "Which of two proxies? From outside to inside; the second one strips /app:",
    ),
    ("wsprobe trace --dry-run wss://chat.example/ws", "What would be sent?"),
    ("wsprobe trace --hold 70 --only again-2 wss://chat.example/ws", "Does it drop after a minute of silence?"),
    ("wsprobe trace --audit -b session=... wss://chat.example/ws", "Can any website use a visitor's session?"),
    (
        "wsprobe trace --audit -s --sarif ws.sarif -b session=... wss://chat.example/ws",
        "In CI, for a code scanning service:",
    ),
    ("wsprobe trace --json wss://chat.example/ws | jq -r '.conclusions[0].text'", "In a script:"),
)


@click.command("trace", cls=Pasting, tables=tables, examples=EXAMPLES)
@click.argument("url", metavar="URL", shell_complete=places)
@takes(
    TraceSettings,
    PastedSettings,
    RequestSettings,
    OwnRequestSettings,
    *CONNECTION,
    OutputSettings,
    ExpectSettings,
    without=("har", *ELSEWHERE),
    instead=INSTEAD,
)
def command(url: str, given: Given) -> int:
    """Repeat the handshake with one change at a time, and report which proxy broke it.

    trace sends at most sixteen requests, one after another, the most useful first, and leaves out those that
    would show nothing new. Requests go only to the host of the URL and that of --backend.

    With --audit, trace repeats the handshake as strangers would send it: at most twenty requests, over
    HTTP/1.1, to the URL and, in clear text and without any secret, to its port and one other (--clear-port).
    All output has its secrets masked.

    wsprobe-conclusions(7) lists what trace and its audit conclude from which answers.
    """
    from wsprobe.cli.trace import TraceOutput, trace  # the work, which --help does without

    output = TraceOutput
    if given[TraceSettings].audits:
        from wsprobe.cli.audit import AuditOutput  # its requests, rules and words

        output = AuditOutput
    return trace(url, given, output)
