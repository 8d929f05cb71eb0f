"""The situations in which each engine's request is kept whole: where page and server are, what is asked."""

from dataclasses import dataclass

from wsprobe.browsers.engine import Page
from wsprobe.lab.scenario import fill_text

DEFAULT_PORT_HOST = "127.0.77.1"
ELSEWHERE = "http://{page}/"
"""A page of another site."""
HERE, HERE_TLS = "http://{ip}:{plain}/page", "https://{ip}:{tls}/page"
"""A page of the server's own origin."""


@dataclass(frozen=True, slots=True)
class Situation:
    name: str
    url: str
    """Template: {ip}, {page} (address and port of the page elsewhere), {plain}, {tls}, {v6} (ports)."""
    page: str = ELSEWHERE
    protocols: tuple[str, ...] = ()
    cookies: str = ""

    def made(self, values):
        """URL and page, *values* put in."""
        page = fill_text(self.page, values)
        return fill_text(self.url, values), Page(page, protocols=self.protocols or None, cookies=self.cookies)


PLAIN, TLS, V6 = "ws://{ip}:{plain}/s/ok", "wss://{ip}:{tls}/s/ok", "ws://[::1]:{v6}/s/ok"

SITUATIONS = (
    Situation("cross-site", PLAIN),
    Situation("cross-site-protocol", PLAIN, protocols=("chat",)),
    Situation("cross-site-protocols", PLAIN, protocols=("a", "b")),
    Situation("cross-site-tls", TLS),
    Situation("cross-site-tls-protocols", TLS, protocols=("a", "b")),
    Situation("same-origin", PLAIN, HERE),
    Situation("same-origin-protocols", PLAIN, HERE, ("a", "b")),
    Situation("same-origin-cookies", PLAIN, HERE, cookies="one=1; two=2"),
    Situation("same-origin-cookies-protocols", PLAIN, HERE, ("a", "b"), "one=1; two=2"),
    Situation("same-origin-tls", TLS, HERE_TLS),
    Situation("same-origin-tls-cookies-protocols", TLS, HERE_TLS, ("a", "b"), "one=1"),
    Situation("other-scheme", TLS, HERE),
    Situation("https-page-plain-loopback", "ws://127.0.0.1:{plain}/s/ok", HERE_TLS),
    Situation("other-port", f"ws://{DEFAULT_PORT_HOST}:{{plain}}/s/ok", f"http://{DEFAULT_PORT_HOST}/page"),
    Situation("query", PLAIN + "?a=b&c=%20d"),
    Situation("query-unescaped", PLAIN + "?x=\u00e9&y= z"),
    Situation("path-unescaped", PLAIN + "/\u00e9 x/{{y}}"),
    Situation("no-path", "ws://{ip}:{plain}"),
    Situation("no-path-query", "ws://{ip}:{plain}?a"),
    Situation("ipv6", V6),
    Situation("ipv6-same-origin", V6, "http://[::1]:{v6}/page"),
    Situation("default-port", f"ws://{DEFAULT_PORT_HOST}/s/ok"),
    Situation("default-port-named", f"ws://{DEFAULT_PORT_HOST}:80/s/ok"),
    Situation("default-port-same-origin", f"ws://{DEFAULT_PORT_HOST}/s/ok", f"http://{DEFAULT_PORT_HOST}/page"),
    Situation("default-port-tls", f"wss://{DEFAULT_PORT_HOST}/s/ok"),
    Situation("localhost", "ws://localhost:{plain}/s/ok"),
    Situation("localhost-same-origin", "ws://localhost:{plain}/s/ok", "http://localhost:{plain}/page"),
    Situation("userinfo", "ws://user:pass@{ip}:{plain}/s/ok"),
    Situation("http-url", "http://{ip}:{plain}/s/ok"),
)
