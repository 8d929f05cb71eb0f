"""The samples of ``--report`` in man/, and the terminal's picture: of two handshakes whose times are fixed, so
that the same bytes come out on every machine."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from msgspec.structs import replace

from wsprobe.browsers import ALL
from wsprobe.browsers.engine import Page
from wsprobe.cli.page import VIEW
from wsprobe.cli.readers import Readers, as_is
from wsprobe.cli.readers import recorded as as_page_shows
from wsprobe.cli.redacted import redacted
from wsprobe.exchange import (
    Connected,
    Connecting,
    Ended,
    Event,
    Exchange,
    Logged,
    Plan,
    Received,
    Resolved,
    Script,
    ScriptCall,
    ScriptEvent,
    Sent,
    TlsDone,
)
from wsprobe.recording.secrets import Secrets
from wsprobe.report.report import Report, report
from wsprobe.request import opening, target
from wsprobe.show import html, markdown, page, report_file
from wsprobe.show import report as shown
from wsprobe.show.compare import comparison
from wsprobe.show.lines import Line, Look, Piece, line
from wsprobe.version import __version__

URL = "wss://chat.example/ws"
TOKEN = "?token=Zm9vYmFyYmF6"
MADE_WITH = f"wsprobe {__version__}, Python 3.13.1, Linux x86_64"
ADDRESS = "192.0.2.7"
KEY = "d3Nwcm9iZSByZWhlYXJzZQ=="
PAGE = Page(url="https://app.example/")
REFUSED = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nX-Request-Id: abc-123\r\n"
    b'Content-Length: 30\r\n\r\n{"error":"origin not allowed"}'
)
LOWER_CASE = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: 1pternqtewodd5z5jbmlmxr41r4=\r\nVia: 1.1 gateway\r\n\r\n"
)
HELLO = b'\x81\x0f{"hello":"you"}'


def recorded(url: str, *answers: bytes) -> Exchange:
    """A handshake that went out over TLS, and what came back, a read each."""
    to = target.parse(url)
    offer = opening.Offer(key=KEY, origin="https://app.example", cookies=("session=5f2c1a9b77",))
    request = opening.request(to, offer).replace(f"wsprobe/{__version__}".encode(), b"wsprobe")
    events: list[Event] = [
        Resolved(1200, to.host, (ADDRESS,)),
        Connecting(1250, ADDRESS, 443),
        Connected(9600, ADDRESS, 443, "198.51.100.23:51422"),
        TlsDone(27500, "TLSv1.3", "TLS_AES_128_GCM_SHA256", "http/1.1", None, True),
        Sent(27700, request),
        *(Received(58200 + 400 * number, each) for number, each in enumerate(answers)),
    ]
    events.append(Ended(events[-1].at + 300, "local"))
    return Exchange(Plan(to, request), tuple(events), "2026-11-24T09:30:00.000Z")


def seen(exchange: Exchange) -> Report:
    """Its report, with the browsers' views of it."""
    made = report(exchange)
    return replace(made, views=as_is(made, Readers(browsers=ALL, page=PAGE)), page=PAGE)


@cache
def sample(name: str) -> str:
    """sample-report.html or sample-report.md: an answer that WebKitGTK takes, and no other."""
    form = html if name.endswith(".html") else markdown
    secrets = Secrets()
    made = redacted(seen(recorded(URL + TOKEN, LOWER_CASE, HELLO)), secrets)
    url = made.exchange.plan.target.url
    part = report_file.part(made, as_is=True)
    cover = report_file.Cover(
        kind="connect",
        command=f"wsprobe connect -b 'session={'*' * 10}' --origin https://app.example '{url}'",
        made_with=MADE_WITH,
        masked=True,
        rows=(report_file.row(made),),
    )
    return "".join(form.whole(cover, [form.part(part, 0)]))


def terminal(name: str = "") -> str:
    """What `wsprobe compare` draws of a refusal, as SVG: both sides in a hundred columns."""
    command = f"wsprobe compare --browser-mode --origin https://app.example {URL}"
    return _drawn(command, comparison([seen(recorded(URL, REFUSED))], [], LOOK))


def sockets(name: str = "") -> str:
    """What `wsprobe page` prints of a socket that was refused, as SVG."""
    script = Script(
        "page",
        (ScriptCall("http://localhost:5173/src/chat.js", 41, 18, "connect"),),
        (ScriptEvent(61, "error", 3), ScriptEvent(61, "close", 3, code=1006)),
    )
    made = recorded(URL, REFUSED)
    exchange = replace(made, logged=Logged("netlog", page="https://app.example", script=script))
    told = as_page_shows(exchange, VIEW)
    rows = [*page.opener(script, LOOK), *shown.handshake(told, LOOK), *page.seen(told, script, LOOK)]
    return _drawn("wsprobe page https://app.example/", rows)


LOOK = Look(width=104, terminal=True, color=True, unicode=True, screen=True)


def _drawn(command: str, rows: Iterable[Line]) -> str:
    """*command* at a prompt, and the *rows* that it prints, as SVG."""
    from rich.console import Console
    from rich.text import Text

    from wsprobe.show.paint import STYLES

    width = LOOK.width
    console = Console(record=True, width=width, file=_Nowhere(), force_terminal=True, color_system="truecolor")
    for row in (line(Piece("$ ", "dim"), Piece(command, "title")), *rows):
        text = Text()
        for piece in row:
            text.append(piece.text, STYLES[piece.style])
        console.print(text, markup=False, emoji=False, highlight=False, soft_wrap=True)
    drawn = console.export_svg(title="wsprobe", unique_id="wsprobe")
    # Rich has the font fetched from elsewhere: a picture loads nothing.
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL)
    return "".join(f"{each.rstrip()}\n" for each in drawn.splitlines())


class _Nowhere:
    """Where the console writes what it records."""

    def write(self, text: str) -> int:
        return len(text)

    def flush(self) -> None: ...
