"""Names below localhost: a browser's own request goes to loopback, whatever the system's resolver says."""

import pytest

from wsprobe import net
from wsprobe.browsers import BROWSERS, ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.cli.engines import as_engine
from wsprobe.cli.settings import HandshakeSettings
from wsprobe.exchange import Limits, Route, TlsOptions
from wsprobe.request.opening import Offer

ASKING = HandshakeSettings(Offer(), Limits(), TlsOptions(), Route())


@pytest.mark.parametrize("name", BROWSERS)
def test_a_browser_reaches_a_server_below_localhost(name, site):
    site.refuse()
    host = f"chat.localhost:{site.port}"

    async def visit():
        (reading,) = await as_engine(ENGINES[name], f"ws://{host}/", Page(f"http://{host}/"), ASKING, 1, list)
        return reading.final.status

    assert net.run(visit) == 403
    assert f"\r\nHost: {host}\r\n".encode() in site.asked[0]
