"""Names below localhost: a browser's own request goes to loopback, whatever the system's resolver says."""

import pytest
from msgspec.structs import replace

from wsprobe import net
from wsprobe.browsers import BROWSERS, ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.cli.engines import LOOPBACK, as_engine, way
from wsprobe.cli.settings import HandshakeSettings
from wsprobe.exchange import Limits, Route, TlsOptions
from wsprobe.request.opening import Offer
from wsprobe.request.target import parse
from wsprobe.wire.credentials import Credentials

ASKING = HandshakeSettings(Offer(), Limits(), TlsOptions(), Route())


def test_only_browsers_resolve_them_and_resolve_has_the_first_word():
    to = parse("ws://chat.localhost:9/")
    for name in ("chromium", "undici"):
        given = way(ENGINES[name], ASKING, to, Credentials()).resolve
        assert given == ((("chat.localhost", 0, LOOPBACK),) if name in BROWSERS else ())
    assert way(ENGINES["chromium"], ASKING, parse("ws://chat.example/"), Credentials()).resolve == ()
    named = ("chat.localhost", 9, ("192.0.2.1",))
    handshake = replace(ASKING, route=Route(resolve=(named,)))
    assert way(ENGINES["chromium"], handshake, to, Credentials()).resolve[0] == named


@pytest.mark.parametrize("name", BROWSERS)
def test_a_browser_reaches_a_server_below_localhost(name, site):
    site.refuse()
    host = f"chat.localhost:{site.port}"

    async def visit():
        (reading,) = await as_engine(ENGINES[name], f"ws://{host}/", Page(f"http://{host}/"), ASKING, 1, list)
        return reading.final.status

    assert net.run(visit) == 403
    assert f"\r\nHost: {host}\r\n".encode() in site.asked[0]
