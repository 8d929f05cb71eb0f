"""Calls of the engines' own functions, as Python that stands in parts/*.txt."""

from msgspec.structs import replace

from tests.browsers_views.recordings import KEY, OPEN, recorded
from tests.pieces import act
from wsprobe import exchange
from wsprobe.browsers import BROWSERS, ENGINES, NAMES
from wsprobe.browsers.chromium.http import parse as chromium_head
from wsprobe.browsers.chromium.http import read_answer
from wsprobe.browsers.engine import DomEvent, Page
from wsprobe.browsers.script import CallTexts, WebSocket
from wsprobe.browsers.url import parse, target
from wsprobe.exchange import Certificate
from wsprobe.read import http2_values, read
from wsprobe.read.http2_values import Http2Frame
from wsprobe.recording.certificate import objectionable


def added(fields, *lines):
    """Fields that have these lines."""
    for line in lines:
        fields.add(line)
    return fields


def first(name, url, page):
    """What the engine asks first."""
    return ENGINES[name].first(ENGINES[name].construct(url, page), page, KEY)


def asked(name, url, page):
    """What it offers in TLS then: over HTTP/2 both versions. Its request is the same."""
    found = first(name, url, page)
    assert found.request == ENGINES[name].request(ENGINES[name].construct(url, page), page, KEY)
    assert (found.http2 is not None) is (len(found.alpn) > 1)
    return found.alpn


def played(*steps, acts=(), **texts):
    """A script's socket that lives through *steps*: it is ``opened``, gets ``message TEXT``, or does an act."""
    script = WebSocket(acts, CallTexts("code {code}", "reason", "connecting", late_send="late", **texts))
    for step in steps:
        if step == "opened":
            script.opened("", "")
        elif isinstance(step, str) and step.startswith("message "):
            script.message(step.removeprefix("message "))
        else:
            script.do(act(step) if isinstance(step, str) else step)
    events = [event.exception or event.data or event.type for event in script.events]
    return events, script.ready_state, script.close_called, script.console, (script.sent, script.sent_bytes)


def messages_of(*messages, closing=0):
    """The events of a socket that opens and gets *messages*, the last *closing* of them after close()."""
    script = WebSocket((), CallTexts("", "", ""))
    script.opened("", "")
    for number, message in enumerate((*messages, *messages[:1] * closing)):
        if number == len(messages):
            script.ready_state = 2
        script.deliver(message)
    return script.events[1:]


def unauthorized(*challenges):
    """The head of a 401, as Chromium reads it."""
    lines = "".join(f"WWW-Authenticate: {challenge}\r\n" for challenge in challenges)
    return chromium_head(f"HTTP/1.1 401 x\r\n{lines}\r\n".encode())


def answered(received, how="fin", *, secure=False, port=False, limit=99):
    """What Chromium makes of an answer: its error, or the status and where the body is."""
    made = read_answer(recorded(received, how=how), secure=secure, default_port=port, max_head=limit)
    if made.pending:
        return "pending"
    return made.error or f"{made.headers and made.headers.status} {made.body}"


def alerted(*alerts):
    """The words of Chromium's console for each of these alerts of TLS; once, where they are the same."""
    made, said = recorded(OPEN).exchange, {}
    for alert in alerts:
        failed = exchange.TlsFailed(2, "alert", "", alert=alert)
        events = (exchange.Connected(1, "127.0.0.1", 9), failed, exchange.Ended(3, "error"))
        view = ENGINES["chromium"].view(made.plan.target.url, Page(), [read(replace(made, events=events))])
        said["".join(view.console[-1:]).partition("failed: ")[2]] = None
    return [*said]


def sized(name, length):
    """A frame of HTTP/2 of that type."""
    header = length.to_bytes(3, "big") + bytes((getattr(http2_values, name), 0, 0, 0, 0, 0))
    return Http2Frame("server", 0, header, bytes(length), 0, 0)


def certificate(year, *names):
    """One that is good from *year* on, for a year."""
    of = names or ("shop.example",)
    return Certificate(b"", "CN=a", "CN=b", of, f"{year}-01-01T00:00:00Z", f"{int(year) + 1}-01-01T00:00:00Z")


OWN = (
    *(
        DomEvent,
        Page,
        added,
        alerted,
        answered,
        asked,
        certificate,
        first,
        messages_of,
        objectionable,
        parse,
        played,
        read,
        recorded,
        replace,
        sized,
    ),
    *(target, unauthorized),
)
LISTS = {"OPEN": OPEN, "BROWSERS": BROWSERS, "ENGINES": ENGINES, "NAMES": NAMES}
HELPERS = vars(exchange) | LISTS | {each.__name__: each for each in OWN}
"""What calls have besides the names of their modules, which come first."""
