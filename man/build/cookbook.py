"""wsprobe-cookbook(7): a command line for each protocol that begins with an exchange."""

from __future__ import annotations

from collections.abc import Iterator

from man.build import mdoc
from man.build.mdoc import text

SIGNALR_PING = """$'{"type":6}\\x1e'"""
RECIPES = (
    (
        "GraphQL subscriptions (graphql-transport-ws)",
        "The server answers connection_init with connection_ack, and closes with 4401 after a subscribe before "
        "it. Without the last --await, --eof keep follows the subscription.",
        (
            "wsprobe talk --protocol graphql-transport-ws \\",
            """  --send '{"type":"connection_init"}' --await connection_ack \\""",
            """  --send '{"type":"subscribe","id":"1","payload":{"query":"subscription { count }"}}' \\""",
            """  --await '"complete"' wss://api.example/graphql""",
        ),
    ),
    (
        "Socket.IO",
        "0 opens Engine.IO, 40 joins the namespace, 42 is an event. The server sends 2 at an interval, and "
        "drops a client that does not answer 3.",
        (
            "wsprobe talk --await '0{' --send 40 --await '40{' --answer 2 3 \\",
            """  --send '42["hello","x"]' --await '42[' \\""",
            "  'wss://chat.example/socket.io/?EIO=4&transport=websocket'",
        ),
    ),
    (
        "SignalR",
        "Each record ends with the byte 0x1E, also the handshake. Type 6 is a ping. $'...' is of bash and zsh.",
        (
            """wsprobe talk --send $'{"protocol":"json","version":1}\\x1e' --await '{}' \\""",
            f"  --answer {SIGNALR_PING} {SIGNALR_PING} \\",
            """  --send $'{"type":1,"invocationId":"1","target":"Echo","arguments":["hi"]}\\x1e' \\""",
            """  --await '"type":3' wss://chat.example/hub""",
        ),
    ),
    (
        "The same from a program",
        "A line of --jsonl can wait too.",
        (
            """printf '%s\\n' '{"send":{"type":"connection_init"}}' '{"await":"connection_ack"}' \\""",
            """  '{"send":{"type":"ping"}}' '{"await":"pong"}' |""",
            "  wsprobe talk --jsonl --protocol graphql-transport-ws wss://api.example/graphql",
        ),
    ),
    (
        "One exchange for each line of a file",
        "An exchange that is whole on the command line leaves standard input to the loop.",
        (
            "while read -r line; do",
            """  wsprobe talk -s --send "$line" --count 1 wss://echo.example/""",
            "done < lines.txt",
        ),
    ),
    (
        "From cron and make",
        "One line on trouble, and the exit status; nothing otherwise.",
        ("wsprobe connect --expect outcome=open wss://app.example/ws >/dev/null",),
    ),
)
"""(heading, text, command line)."""


def page() -> str:
    return mdoc.page("wsprobe-cookbook", 7, "a command line for each everyday task", _body())


def _body() -> Iterator[str]:
    yield ".Sh DESCRIPTION"
    yield from text(
        "The first three were tried against graphql-ws 6.4 and socket.io 4.8 in Node 20, and against "
        "aiosignalr 0.1, which is not Microsoft's server. If an awaited message does not arrive within 30 "
        "seconds (-m), the exit status is 20."
    )
    for heading, about, lines in RECIPES:
        yield f".Sh {heading.upper()}"
        yield from text(about)
        yield from mdoc.literal(lines)
    yield from mdoc.references("wsprobe(1)", "wsprobe-connect(1)", "wsprobe-talk(1)")
