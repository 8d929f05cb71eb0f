"""Proxies from the environment and cookies from a file, as curl reads them; options that curl's lines have."""

from tests.cases import every
from wsprobe.cli.main import run
from wsprobe.request.cookies import Jar, parse
from wsprobe.request.proxy import from_environment
from wsprobe.request.target import parse as target

UPPER = {"HTTP_PROXY": "http://a:1", "HTTPS_PROXY": "http://b:1", "ALL_PROXY": "http://c:1"}


@every(
    [
        ({}, "ws://h/", None),
        ({"http_proxy": "http://p:1"}, "ws://h/", "http://p:1"),
        ({"http_proxy": "http://p:1"}, "wss://h/", None),
        (UPPER, "ws://h/", "http://c:1"),  # HTTP_PROXY counts for nothing
        (UPPER, "wss://h/", "http://b:1"),
        ({"ws_proxy": "http://w:1", "http_proxy": "http://p:1"}, "ws://h/", "http://w:1"),
        ({"ALL_PROXY": "http://c:1", "NO_PROXY": "h"}, "ws://h/", None),
        ({"ALL_PROXY": "http://c:1", "NO_PROXY": "*"}, "ws://h/", None),
        ({"ALL_PROXY": "http://c:1", "NO_PROXY": ".example, other"}, "ws://a.example/", None),
        ({"ALL_PROXY": "http://c:1", "no_proxy": "example"}, "ws://a.example/", None),
        ({"ALL_PROXY": "http://c:1", "no_proxy": "example"}, "ws://notexample/", "http://c:1"),
        ({"ALL_PROXY": "http://c:1", "no_proxy": "127.0.0.0/8"}, "ws://127.0.0.5/", None),
        ({"ALL_PROXY": "http://c:1", "no_proxy": "127.0.0.1"}, "ws://127.0.0.2/", "http://c:1"),
        ({"ALL_PROXY": "http://c:1", "no_proxy": "[::1]"}, "ws://[::1]/", None),
    ]
)
def test_the_proxy_for_a_url(case):
    environ, url, wanted = case
    assert from_environment(environ).proxy(target(url)) == wanted


def test_a_proxy_of_the_environment_is_used_and_an_empty_one_is_none(monkeypatch, capsys):
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert run(["connect", "ws://127.0.0.1:9/"]) == 6
    assert "127.0.0.1:9" in capsys.readouterr().out
    assert run(["connect", "-s", "-x", "", "ws://127.0.0.1:9/"]) == 4
    assert run(["connect", "-s", "--noproxy", "127.0.0.1", "ws://127.0.0.1:9/"]) == 4
    assert run(["connect", "-s", "lab:status-403"]) == 12
    assert run(["compare", "-s", "--browser", "chromium", "ws://127.0.0.1:9/"]) == 0


JAR = """\
# Netscape HTTP Cookie File
192.0.2.1\tFALSE\t/\tFALSE\t0\tall\t1
#HttpOnly_192.0.2.1\tFALSE\t/\tFALSE\t0\thttp\t2
192.0.2.1\tFALSE\t/other\tFALSE\t0\tpath\t3
192.0.2.1\tFALSE\t/\tTRUE\t0\tsecure\t4
192.0.2.1\tFALSE\t/\tFALSE\t1000\texpired\t5
.example\tTRUE\t/\tFALSE\t0\tdomain\t6
Set-Cookie: set=7; Path=/
not a cookie
"""


def test_cookies_of_a_file_go_where_they_belong():
    jar = Jar(parse(JAR, 0))

    def sent(url):
        return [each.pair for each in jar.for_target(target(url), 2000)]

    assert sent("ws://192.0.2.1/") == ["set=7", "all=1", "http=2"]
    assert sent("ws://192.0.2.1/other/x") == ["path=3", "set=7", "all=1", "http=2"]
    assert sent("ws://192.0.2.1/others") == ["set=7", "all=1", "http=2"]
    assert sent("wss://192.0.2.1/") == ["set=7", "all=1", "http=2", "secure=4"]
    assert sent("ws://a.example/") == ["set=7", "domain=6"]
    assert sent("ws://example/") == ["set=7", "domain=6"]
    assert sent("ws://notexample/") == ["set=7"]
