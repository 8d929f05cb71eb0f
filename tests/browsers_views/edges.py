"""``python -m tests.browsers_views.edges``: writes anew what a script in each engine sees of answers/*.txt, and
what parts of the engines make of parts/*.txt.

A section of those files has a title, behind ``>`` what the server sends, and then a row for each answer: it
stands for ``{x}`` above, and behind ``|`` is what each engine makes of it. `` & `` parts answers that mean the
same. A section that sends nothing is about the constructor. Other lines behind ``>`` are settings, whose
``{x}`` is the row's too:

    end: how the recording ends (fin); of several, as of several answers in a row, `` or `` parts what differs
    gap: milliseconds between two reads (50)    url: what is opened    page: NAME=VALUE of the page
    over: HTTP/2, in words of tests/http2/words.py, for the engines that ask so
    script: an act of its script, as tests/pieces.py has it
    console, because, hidden, beyond, races: the engines of which this is shown too (of the console the lines
        without the URL, and the messages of errors)
    engines: which ones (all)
    fields: those of the request that are shown, GET for its first line, where the constructor connects
    events: those of the recording, in Python, in place of what is sent: ``*asked`` are those up to the request,
        and the end is added unless it is there

What is sent is in the notation of tests/pieces.py. ``good`` is a 101 up to its blank line, ``open`` with it,
``fields`` that without its status line, ``upgrade`` without its blank line too, ``deflate`` one that accepts
permessage-deflate; ``ws(81,'hi')`` is a frame with that first byte, ``bye`` a Close 1000; ``u16(5)`` and
``u64(2**31-1)`` are numbers. In quotes, ``{accept}`` is the value of Sec-WebSocket-Accept, and a row ``{}`` is
nothing; ``'+...+'`` is out of them. Of a row with `` -> `` in it, ``{1}`` and ``{2}`` are the parts.

In parts/*.txt a section has ``call: MODULE EXPRESSION``, in Python, with the names of that module of
wsprobe/browsers and those of calls.py. Several are columns, ``call NAME: ...``, or with the name of the
engine. Shown is the result or the exception.

What a script sees is its events: ``open`` with subprotocol and extensions (``deflate`` for short), messages,
``!`` for an error, the code of a close, with a question mark where it is not clean, and its reason; without an
event, the outcome.
"""

import re
from importlib import import_module
from itertools import chain, groupby
from pathlib import Path

import msgspec
from msgspec.structs import replace

import wsprobe.exchange
from tests import calls
from tests.browsers_views.calls import HELPERS
from tests.browsers_views.recordings import ACCEPT, HEAD, KEY, URL, frame, recorded
from tests.calls import filled, parted, result
from tests.exchanges import deflated
from tests.http2.test_read import PLAN, exchange
from tests.http2.words import pieces as http2_pieces
from tests.pieces import act, octets, pieces
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.exchange import Ended
from wsprobe.read import read

FOLDER = Path(__file__).parent
LONG = 40
"""Characters of a text that are shown."""
OVER_HTTP2 = ("chromium", "firefox", "whatwg")
SHOWN = ("console", "because", "hidden", "beyond", "races")
USUAL = dict.fromkeys(("over", "end", "page", "script", "engines", "events", "fields", *SHOWN), "") | {
    "gap": "50",
    "url": URL,
}
"""Settings of a section that has none."""
STATES = {"open": (1,), "message": (1,), "error": (2, 3), "close": (3,)}
"""The usual readyState of an event; another one is shown behind ``@``."""
WORDS = {
    "good": HEAD.encode(),
    "open": f"{HEAD}\r\n".encode(),
    "fields": f"{HEAD}\r\n".encode().partition(b"\r\n")[2],
    "deflate": f"{HEAD}Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n".encode(),
    "upgrade": HEAD.encode().partition(b"\r\n")[2],
    "bye": frame(0x88, b"\x03\xe8"),
    "ws": lambda first, payload="": frame(int(first, 16), octets(payload, WORDS)),
    "deflated": lambda text: deflated(octets(text)),
    "u16": lambda text: _number(text).to_bytes(2, "big"),
    "u64": lambda text: _number(text).to_bytes(8, "big"),
}


def _number(text):
    """``5``, ``2**31``, or one more or less."""
    base, power, more = re.fullmatch(r"(\d+)(?:\*\*(\d+))?([+-]\d+)?", text).groups()
    return int(base) ** int(power or 1) + int(more or 0)


class Asked(msgspec.Struct, frozen=True):
    """An answer, and all that is around it."""

    sends: tuple[bytes, ...]
    ends: tuple[str, ...]
    gap: int
    url: str
    page: Page
    http2: bool
    engines: tuple[str, ...]
    fields: tuple[str, ...]
    shown: dict[str, tuple[str, ...]]
    """``console``, ...: of which engines."""
    events: str

    def told(self, name):
        """What a script in this engine sees, at each end."""
        if not (self.sends or self.events):
            return [self._constructed(name)]
        return [self._told(name, end) for end in self.ends]

    def _constructed(self, name):
        made = ENGINES[name].construct(self.url, self.page)
        if made.exception is not None:
            return _thrown(made.exception)
        if made.target is not None:
            lines = ENGINES[name].request(made, self.page, KEY).decode("latin-1").split("\r\n")
            asked = [line for line in lines if line and re.split("[: ]", line)[0] in self.fields]
            return ", ".join((made.target.url, *asked))
        view = ENGINES[name].view(self.url, self.page, [])
        return " ".join((made.blocked, *map(_event, view.events))) + self._more(name, view)

    def _told(self, name, end):
        sent = filter(None, self.sends)
        if self.http2:
            reading = read(exchange(*sent, how=end))
        elif self.events:
            made = recorded(page=self.page, url=self.url, browser=name.partition("@")[0]).exchange
            names = vars(wsprobe.exchange) | WORDS | {"asked": made.events[:-1]}
            events = eval(f"({self.events},)", names)
            if not isinstance(events[-1], Ended):
                events += (Ended(events[-1].at + 1, end),)
            reading = read(replace(made, events=events, started="2026-06-01T00:00:00.000Z"))
        else:
            reading = recorded(*sent, how=end, page=self.page, url=self.url, gap=self.gap, browser=name)
        view = ENGINES[name].view(self.url, self.page, [reading])
        words = [_event(event) for event in view.events] or [view.outcome]
        if view.outcome == "follows":
            then = ENGINES[name].follow([reading], self.page, KEY)
            secret = re.search(rb"\r\nAuthorization: ([^\r]*)", then.request)
            words += ["over HTTP/2"] if then.http2 is not None else []
            words += [then.target.url] * (then.target.url != self.url)
            words += [f"with {secret[1].decode()}"] if secret else []
        words += [f"({word})" for word in ("races", "assumes") if getattr(view, word)]
        words += [f"(keeps {cookie})" for cookie in view.cookies]
        return " ".join(words) + self._more(name, view)

    def _more(self, name, view):
        """What is shown besides."""
        lines = [line for key in SHOWN if name in self.shown[key] for line in _lines(view, key)]
        return "".join(f" - {ascii(line)[1:-1]}" for line in lines)


def _lines(view, key):
    if key != "console":
        found = getattr(view, key)
        return filter(None, [found] if isinstance(found, str) else found)
    messages = (event.message or "''" for event in view.events if event.message is not None)
    return (line.partition("failed: ")[2] or line for line in (*view.console, *messages))


class Section(calls.Section, frozen=True):
    """Answers that have in common what is around them."""

    @property
    def several(self):
        return True

    @property
    def few(self):
        chosen = [line.split()[1:] for line in self.given if line.startswith("engines: ")]
        return any(len(names) < 4 for names in chosen)

    def columns(self, answers):
        """The name of each engine, and what a script in it sees."""
        asked = [self.asked(answer) for answer in answers]
        for name in asked[0].engines or (OVER_HTTP2 if asked[0].http2 else ENGINES):
            yield name, " or ".join(dict.fromkeys(word for each in asked for word in each.told(name)))

    def asked(self, answer):
        """An answer of this section."""
        sends, found = [], {key: [value] for key, value in USUAL.items()}
        for line in self.given:
            line = _filled(line, answer)
            key, _, value = line.partition(": ")
            if key in found:
                found[key].append(value)
            else:
                sends.append(line)
        last = {key: values[-1] for key, values in found.items()}
        http2 = last["over"] == "HTTP/2"
        parts = [http2_pieces(line) if http2 else pieces(line, WORDS) or [b""] for line in sends]
        warm = http2 and len(found["page"]) == 1  # it came over the connection
        page = page_of(found["page"][1:], found["script"][1:])
        return Asked(
            tuple(chain(*parts)),
            tuple((last["end"] or ("local" if http2 else "fin")).split()),
            round(float(last["gap"]) * 1000),
            PLAN.target.url if http2 else last["url"],
            replace(page, url=PLAN.target.url.replace("wss", "https"), http="2") if warm else page,
            http2,
            tuple(last["engines"].split()),
            tuple(last["fields"].split()),
            {key: tuple(last[key].split()) for key in SHOWN},
            last["events"],
        )


def _filled(line, answer):
    return filled(line, answer).replace("{accept}", ACCEPT).replace("{}", "")


def page_of(about, script):
    """The page that these settings describe."""
    values = dict(line.split("=", 1) for line in about)
    if "protocols" in values:
        values["protocols"] = tuple(values["protocols"].split(","))
    return Page(acts=tuple(map(act, script)), **values)


def _event(event):
    """An event, and readyState where it is unusual."""
    state = f"@{event.ready_state}" if event.ready_state not in STATES.get(event.type, ()) else ""
    return f"{_named(event)}{state}"


def _named(event):
    match event.type:
        case "open":
            chosen = ", ".join(filter(None, (event.protocol, event.extensions)))
            chosen = ascii(chosen)[1:-1].replace("permessage-deflate", "deflate")
            return f"open <{chosen}>" if chosen else "open"
        case "message":
            return _data(event.data)
        case "error":
            return "!"
        case "close":
            said = event.reason and f" {_data(event.reason)}"
            return f"{event.code}{'' if event.was_clean else '?'}{said}"
        case "throw":
            return _thrown(event.exception)
    return event.type


def _thrown(exception):
    return exception.name if exception.code is None else f"{exception.name} {exception.code}"


def _data(data):
    return ascii(data) if len(data) <= LONG else f"{data[:1]!a}*{len(data)}"


class Parts(calls.Section, frozen=True):
    """Calls of the engines' own functions, with the names of calls.py."""

    def result(self, module, call):
        return result(call, {**HELPERS, **vars(import_module(f"wsprobe.browsers.{module}"))})


KINDS = {"answers": Section, "parts": Parts}


def sections(folder):
    """Those of all files of a folder."""
    for path in sorted(FOLDER.glob(f"{folder}/*.txt")):
        for each in parted(path.read_text("utf-8")):
            yield KINDS[folder](path.stem, *each)


if __name__ == "__main__":
    for folder in KINDS:
        for file, parts in groupby(sections(folder), lambda section: section.file):
            (FOLDER / folder / f"{file}.txt").write_text("\n\n".join(map(str, parts)) + "\n", "utf-8")
