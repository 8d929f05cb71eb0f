"""Calls of the engines' own functions, as Python that stands in parts/*.txt."""

from importlib import import_module

from tests.browsers_views.recordings import KEY, recorded
from wsprobe import exchange
from wsprobe.browsers import BROWSERS, ENGINES, NAMES
from wsprobe.browsers.chromium.http import parse as chromium_head
from wsprobe.browsers.engine import Page
from wsprobe.browsers.url import parse, target
from wsprobe.exchange import Certificate
from wsprobe.read import http2_values
from wsprobe.read.http2_values import Http2Frame
from wsprobe.recording.certificate import objectionable


def result(module, call):
    """What comes out of it, or the exception."""
    names = vars(import_module(f"wsprobe.browsers.{module}"))
    try:
        return ascii(eval(call, {**HELPERS, **names}))
    except Exception as error:
        return f"raises {type(error).__name__}" + f": {error}" * bool(error.args)


def added(fields, *lines):
    """Fields that have these lines."""
    for line in lines:
        fields.add(line)
    return fields


def asked(name, url, page):
    """What the engine offers in TLS when it asks first: over HTTP/2 both versions. Its request is the same."""
    engine = ENGINES[name]
    made = engine.construct(url, page)
    first = engine.first(made, page, KEY)
    assert first.request == engine.request(made, page, KEY)
    assert (first.http2 is not None) is (len(first.alpn) > 1)
    return first.alpn


def unauthorized(*challenges):
    """The head of a 401, as Chromium reads it."""
    lines = "".join(f"WWW-Authenticate: {challenge}\r\n" for challenge in challenges)
    return chromium_head(f"HTTP/1.1 401 x\r\n{lines}\r\n".encode())


def sized(name, length):
    """A frame of HTTP/2 of that type."""
    header = length.to_bytes(3, "big") + bytes((getattr(http2_values, name), 0, 0, 0, 0, 0))
    return Http2Frame("server", 0, header, bytes(length), 0, 0)


def certificate(year, *names):
    """One that is good from *year* on, for a year."""
    of = names or ("shop.example",)
    return Certificate(b"", "CN=a", "CN=b", of, f"{year}-01-01T00:00:00Z", f"{int(year) + 1}-01-01T00:00:00Z")


OWN = (Page, added, asked, certificate, objectionable, parse, recorded, sized, target, unauthorized)
LISTS = {"BROWSERS": BROWSERS, "ENGINES": ENGINES, "NAMES": NAMES}
HELPERS = vars(exchange) | LISTS | {each.__name__: each for each in OWN}
"""What calls have besides the names of their modules, which come first."""
