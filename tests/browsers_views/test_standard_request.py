"""The request by the letter of the texts."""

from tests.browsers_views.recordings import KEY, URL
from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page

WHATWG, W3C = ENGINES["whatwg"], ENGINES["w3c-cr-2012"]


WHATWG, W3C = ENGINES["whatwg"], ENGINES["w3c-cr-2012"]


def test_the_request():
    page = Page("http://page.example/", protocols=("a", "b"), cookies="c=d", user_agent="mine")
    lines = WHATWG.request(WHATWG.construct(URL, page), page, KEY).decode().split("\r\n")
    assert lines[0] == "GET /x HTTP/1.1"
    assert {"Pragma: no-cache", "Cache-Control: no-cache", "Cookie: c=d", "User-Agent: mine"} <= set(lines)
    assert "Sec-WebSocket-Protocol: a, b" in lines
    assert "Origin: http://page.example" in lines
    older = W3C.request(W3C.construct(URL, page), page, KEY).decode()
    assert "no-cache" not in older
    assert "Sec-WebSocket-Extensions" not in older
    bare = WHATWG.request(WHATWG.construct(URL, Page()), Page(), KEY).decode()
    assert "Cookie" not in bare
    assert "User-Agent" not in bare
