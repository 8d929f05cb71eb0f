"""A 401 and what answers it: Basic at once, Digest when asked for, .netrc; each to its own origin, and once."""

import json

import pytest

from tests.cases import verdict
from wsprobe.cli.main import run

REFUSED, FORBIDDEN = 11, 12
BASIC = "Basic bWU6c2VzYW1l"
"""me:sesame"""


# -- .netrc


# -- proxies


def test_a_proxy_that_wants_digest(site, capsys):
    challenge = 'Proxy-Authenticate: Digest realm="r", nonce="one", qop="auth"'
    for _ in range(2):
        site.reply("407 Proxy Authentication Required", challenge)
    proxy = f"http://127.0.0.1:{site.port}"
    assert run(["connect", "-U", "me:sesame", "-x", proxy, "ws://server.example/a"]) == 6
    basic, digest = site.sent("Proxy-Authorization")
    assert basic == BASIC
    assert digest is not None
    assert 'uri="server.example:80"' in digest
    said = capsys.readouterr().out
    assert "sent again with Digest credentials for the proxy" in said
    assert verdict(said) == "proxy-failed: the proxy answered 407: it refused the credentials that were sent"


@pytest.mark.parametrize(
    ("given", "offered", "expected"),
    [
        (("--proxy-anyauth",), "Basic realm=r", [None, BASIC]),
        (("--proxy-digest",), "Basic realm=r", [None]),
        ((), "Basic realm=r", [BASIC]),
        ((), "NTLM", [BASIC]),
    ],
)
def test_how_a_proxy_is_given_credentials(site, given, offered, expected):
    for _ in expected:
        site.reply("407 No", f"Proxy-Authenticate: {offered}")
    proxy = f"http://else:other@127.0.0.1:{site.port}"
    assert run(["connect", *given, "--proxy-user", "me:sesame", "-x", proxy, "ws://server.example/a"]) == 6
    assert site.sent("Proxy-Authorization") == expected


def test_what_a_proxy_wants_is_said(site, capsys):
    site.reply("407 No", "Proxy-Authenticate: Negotiate")
    assert run(["connect", "-x", f"127.0.0.1:{site.port}", "ws://server.example/"]) == 6
    said = capsys.readouterr().out
    assert (
        "it requires credentials (--proxy-user); it offers only Negotiate, which wsprobe does not speak\n"
        in said
    )


def test_each_engine_answers_a_proxy_too(site, capsys):
    challenge = 'Proxy-Authenticate: Digest realm="r", nonce="one", qop="auth"'
    for _ in range(4):  # wsprobe's own request, and Firefox's
        site.reply("407 Proxy Authentication Required", challenge)
    given = ["-U", "me:sesame", "-x", f"http://127.0.0.1:{site.port}", "--browser", "firefox"]
    run(["compare", "--json", *given, "ws://server.example/"])
    sent = site.sent("Proxy-Authorization")
    assert [each is not None and each.partition(" ")[0] for each in sent] == ["Basic", "Digest"] * 2
    assert json.loads(capsys.readouterr().out)["views"]
