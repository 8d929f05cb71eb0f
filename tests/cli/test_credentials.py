"""A 401 and what answers it: Basic at once, Digest when asked for, .netrc; each to its own origin, and once."""

from __future__ import annotations

import json
from hashlib import md5, sha256
from pathlib import Path

import pytest

from tests.cases import verdict
from tests.cli.site import Site
from wsprobe.cli.engines import with_credentials
from wsprobe.cli.main import run
from wsprobe.cli.netrc import Netrc
from wsprobe.cli.netrc import parse as logins
from wsprobe.cli.plan import for_strangers, plan_for
from wsprobe.cli.settings import HandshakeSettings
from wsprobe.exchange import Limits, Route, TlsOptions
from wsprobe.request.opening import Offer
from wsprobe.wire.authentication import challenges

Capture = pytest.CaptureFixture[str]
REFUSED, FORBIDDEN = 11, 12
BASIC = "Basic bWU6c2VzYW1l"
"""me:sesame"""
DIGEST = 'WWW-Authenticate: Digest realm="r", nonce="one", qop="auth", algorithm='


@pytest.fixture
def site():
    made = Site()
    yield made
    made.close()


@pytest.fixture
def other():
    made = Site()
    yield made
    made.close()


def url(of, path="/a?b=c", user=""):
    return f"ws://{user}127.0.0.1:{of.port}{path}"


def answers(value, *, nonce, count=1, algorithm="MD5", uri="/a?b=c"):
    """Whether a value of Authorization is what me:sesame has to answer, computed here once more."""
    (said,) = challenges([value.encode()])
    got = {name: content.decode() for name, content in said.parameters.items()}
    hashing = {"MD5": md5, "SHA-256": sha256}[algorithm]

    def hashed(text):
        return hashing(text.encode()).hexdigest()

    middle = f"{nonce}:{count:08x}:{got['cnonce']}:auth"
    expected = hashed(f"{hashed('me:r:sesame')}:{middle}:{hashed(f'GET:{uri}')}")
    return said.scheme == "digest" and (got["response"], got["nc"]) == (expected, f"{count:08x}")


def test_basic_goes_out_at_once_and_is_not_repeated(site):
    site.answer("401 No", DIGEST + "MD5", "WWW-Authenticate: Basic realm=r")
    assert run(["connect", "-u", "me:sesame", url(site)]) == REFUSED
    assert site.sent("Authorization") == [BASIC]


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_where_only_digest_is_offered_it_is_asked_once_more(site, capsys, algorithm):
    site.answer("401 Who are you", DIGEST + algorithm)
    site.refuse()
    assert run(["connect", "-u", "me:sesame", url(site)]) == FORBIDDEN
    basic, digest = site.sent("Authorization")
    assert basic == BASIC
    assert answers(digest, nonce="one", algorithm=algorithm)
    said = capsys.readouterr().out
    assert f"sent again with Digest credentials after {url(site)}: it answered 401 Who are you\n" in said


def test_the_first_that_is_understood_is_answered(site):
    site.answer("401 No", DIGEST + "SHA-3", DIGEST.replace("one", "two") + "SHA-256", DIGEST + "MD5")
    site.refuse()
    assert run(["connect", "--digest", "-u", "me:sesame", url(site)]) == FORBIDDEN
    assert answers(site.sent("Authorization")[1], nonce="two", algorithm="SHA-256")


@pytest.mark.parametrize("how", ["--digest", "--anyauth"])
def test_without_basic_the_first_request_has_no_credentials(site, how):
    site.answer("401 No", "WWW-Authenticate: Basic realm=r", DIGEST + "MD5")
    site.refuse()
    assert run(["connect", how, url(site, user="me:sesame@")]) == FORBIDDEN
    first, second = site.sent("Authorization")
    assert first is None
    assert answers(second, nonce="one")


def test_anyauth_takes_basic_where_that_is_all(site):
    site.answer("401 No", "WWW-Authenticate: Basic realm=r, NTLM")
    site.refuse()
    assert run(["connect", "--anyauth", "-u", "me:sesame", url(site)]) == FORBIDDEN
    assert site.sent("Authorization") == [None, BASIC]


def test_digest_does_not_take_basic(site):
    site.answer("401 No", "WWW-Authenticate: Basic realm=r")
    assert run(["connect", "--digest", "-u", "me:sesame", url(site)]) == REFUSED
    assert site.sent("Authorization") == [None]


def test_a_refusal_ends_it(site, capsys):
    for _ in range(2):
        site.answer("401 No", DIGEST + "MD5")
    assert run(["connect", "--digest", "-u", "me:wrong", url(site)]) == REFUSED
    assert len(site.asked) == 2
    assert "it refused the credentials that were sent\n" in capsys.readouterr().out


def test_a_stale_nonce_is_replaced_once(site, capsys):
    """RFC 7616 section 3.3. A server that calls every nonce stale does not keep us for ever."""
    site.answer("401 No", DIGEST + "MD5")
    for _ in range(2):
        site.answer("401 Old", DIGEST.replace("one", "two") + "MD5, stale=true")
    assert run(["connect", "--digest", "-u", "me:sesame", url(site)]) == REFUSED
    assert [answers(each, nonce="two") for each in site.sent("Authorization")[1:]] == [False, True]
    assert "sent again with Digest and its new nonce after" in capsys.readouterr().out


def test_what_was_learned_serves_for_the_hops_that_follow(site):
    site.answer("401 No", DIGEST + "MD5")
    site.answer("302 Go", "Location: /next")
    site.answer("302 Go", "Location: /next", 'Authentication-Info: nextnonce="two"')
    site.refuse()
    assert run(["connect", "-L", "--digest", "-u", "me:sesame", url(site)]) == FORBIDDEN
    _, first, second, third = site.sent("Authorization")
    assert answers(first, nonce="one")
    assert answers(second, nonce="one", count=2, uri="/next")
    assert answers(third, nonce="two", uri="/next")


def test_another_origin_gets_nothing_and_answers_for_itself(site, other):
    site.redirect(other, "/elsewhere")
    other.answer("401 No", DIGEST + "MD5")
    assert run(["connect", "-L", "--anyauth", "-u", "me:sesame", url(site)]) == REFUSED
    assert other.sent("Authorization") == [None]


@pytest.mark.parametrize(
    "given",
    [("-H", "Authorization: Mine"), ("--bearer", "abc"), ("--raw-request", "request")],
    ids=lambda given: given[0],
)
def test_a_header_of_ones_own_stays(site, given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("request").write_bytes(b"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")
    site.answer("401 No", DIGEST + "MD5")
    assert run(["connect", *given, url(site, user="me:sesame@")]) == REFUSED
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    ("offered", "said"),
    [
        (
            "NTLM, Negotiate",
            "it requires credentials; it offers only NTLM and Negotiate, which",
        ),
        (
            "Basic realm=r, NTLM",
            "it requires credentials; it offers NTLM, which wsprobe does",
        ),
        ("Bearer", "it requires credentials\n"),
        ("\x1b[31mred", "it requires credentials\n"),
    ],
)
def test_what_is_not_spoken_is_named(site, capsys, offered, said):
    site.answer("401 No", f"WWW-Authenticate: {offered}")
    assert run(["connect", url(site)]) == REFUSED
    assert said in capsys.readouterr().out


def test_redact_masks_what_was_answered(site, capsys):
    site.answer("401 No", DIGEST + "MD5")
    site.answer("403 someone-else", "X-User: mufasa", 'Authentication-Info: rspauth="0123456789abcdef"')
    assert run(["connect", "--json", "--redact", "-u", "mufasa:sesame", url(site)]) == FORBIDDEN
    printed = capsys.readouterr().out
    value = json.loads(printed)
    fields = dict(value["request"]["headers"])
    assert set(fields["Authorization"].removeprefix("Digest")) == {"*", " "}
    assert dict(value["response"]["headers"]) == {
        "X-User": "******",
        "Authentication-Info": "*" * len('rspauth="0123456789abcdef"'),
        "Content-Length": "0",
    }


# -- .netrc

NETRC = """
# machine 127.0.0.1 login nobody password commented
machine other.example login them password theirs
machine 127.0.0.1 login "me" password "ses\\"a me"   # the quoting is undone
macdef init
machine 127.0.0.1 login no password macro

machine 127.0.0.1
  login second account x password another
default login anyone password anything
"""


@pytest.fixture
def netrc(tmp_path, monkeypatch):
    path = tmp_path / ".netrc"
    path.write_text(NETRC)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    return path


@pytest.mark.parametrize(
    ("user", "given", "expected"),
    [
        ("", (), 'me:ses"a me'),
        ("second@", (), "second:another"),
        ("third@", (), "third:"),
        ("own:pass@", (), "own:pass"),
        ("", ("-u", "own:pass"), "own:pass"),
    ],
)
def test_netrc(site, netrc, user, given, expected):
    from base64 import b64encode

    site.refuse()
    assert run(["connect", "--netrc", *given, url(site, user=user)]) == FORBIDDEN
    assert site.sent("Authorization") == [f"Basic {b64encode(expected.encode()).decode()}"]


def test_netrc_is_not_read_unasked(site, netrc):
    site.refuse()
    assert run(["connect", url(site)]) == FORBIDDEN
    assert site.sent("Authorization") == [None]


def test_netrc_by_name_by_environment_and_for_digest(site, netrc, monkeypatch, tmp_path):
    named = tmp_path / "named"
    named.write_text("machine 127.0.0.1 login me password sesame")
    for _ in range(2):
        site.answer("401 No", DIGEST + "MD5")
        site.refuse()
    assert run(["connect", "--digest", "--netrc-file", str(named), url(site)]) == FORBIDDEN
    monkeypatch.setenv("NETRC", str(named))
    assert run(["connect", "--digest", "-n", url(site)]) == FORBIDDEN
    sent = site.sent("Authorization")
    assert [answers(sent[n], nonce="one") for n in (1, 3)] == [True, True]


def test_a_redirect_gets_what_names_its_host_and_never_the_default(site, other, tmp_path):
    """A server could send us anywhere for the password of the default entry, and to another port of its own
    host for that of its host."""
    path = tmp_path / "netrc"
    for entry, host, expected in (
        ("default", "localhost", None),
        ("machine localhost", "localhost", BASIC),
        ("machine localhost", "127.0.0.1", None),
        ("machine 127.0.0.1", "127.0.0.1", None),
    ):
        path.write_text(f"{entry} login me password sesame")
        site.answer("302 Found", f"Location: ws://{host}:{other.port}/b")
        other.refuse()
        assert run(["connect", "-4", "-L", "--netrc-file", str(path), url(site)]) == FORBIDDEN
        assert other.sent("Authorization")[-1] == expected


def test_with_location_trusted_a_netrc_follows_to_another_port(site, other, tmp_path):
    path = tmp_path / "netrc"
    path.write_text("machine 127.0.0.1 login me password sesame")
    site.redirect(other)
    other.refuse()
    assert run(["connect", "--location-trusted", "-L", "--netrc-file", str(path), url(site)]) == FORBIDDEN
    assert other.sent("Authorization") == [BASIC]


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        (
            ["--netrc"],
            2,
            "--netrc: {home}/.netrc: no such file; for a file that may be missing: --netrc-optional",
        ),
        (["--netrc-file", "none"], 2, "--netrc-file: none: no such file; for a file that may be missing:"),
        (["--netrc-file", "/"], 2, "--netrc-file: /: Is a directory"),
        (["--netrc-optional"], 12, ""),
        (["--netrc-optional", "--netrc-file", "none"], 12, ""),
    ],
    ids=str,
)
def test_a_file_that_is_not_there(site, given, status, said, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    site.refuse()
    assert run(["connect", "-s", *given, url(site)]) == status
    assert said.format(home=tmp_path) in capsys.readouterr().err


@pytest.mark.parametrize(("without_netrc", "expected"), [(False, BASIC), (True, None)])
def test_a_redirect_from_tls_to_clear_gets_nothing_of_a_netrc(without_netrc, expected):
    """Who can redirect is not who may have the password read on the way."""
    file = Netrc(logins("machine h.example login me password sesame"))
    handshake = HandshakeSettings(Offer(), Limits(), TlsOptions(), Route(), netrc=file)
    request = plan_for("ws://h.example/", for_strangers(handshake, without_netrc=without_netrc)).request
    assert (f"Authorization: {BASIC}".encode() in request) is (expected is not None)


# -- proxies


def test_a_proxy_that_wants_digest(site, capsys):
    challenge = 'Proxy-Authenticate: Digest realm="r", nonce="one", qop="auth"'
    for _ in range(2):
        site.answer("407 Proxy Authentication Required", challenge)
    proxy = f"http://127.0.0.1:{site.port}"
    assert run(["connect", "-U", "me:sesame", "-x", proxy, "ws://server.example/a"]) == 6
    basic, digest = site.sent("Proxy-Authorization")
    assert basic == BASIC
    assert digest is not None
    assert 'uri="server.example:80"' in digest
    said = capsys.readouterr().out
    assert "sent again with Digest credentials for the proxy, which answered 407 on the way to ws://" in said
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
        site.answer("407 No", f"Proxy-Authenticate: {offered}")
    proxy = f"http://else:other@127.0.0.1:{site.port}"
    assert run(["connect", *given, "--proxy-user", "me:sesame", "-x", proxy, "ws://server.example/a"]) == 6
    assert site.sent("Proxy-Authorization") == expected


def test_what_a_proxy_wants_is_said(site, capsys):
    site.answer("407 No", "Proxy-Authenticate: Negotiate")
    assert run(["connect", "-x", f"127.0.0.1:{site.port}", "ws://server.example/"]) == 6
    said = capsys.readouterr().out
    assert (
        "it requires credentials (--proxy-user); it offers only Negotiate, which wsprobe does not speak\n"
        in said
    )


def test_each_engine_answers_a_proxy_too(site, capsys):
    challenge = 'Proxy-Authenticate: Digest realm="r", nonce="one", qop="auth"'
    for _ in range(4):  # wsprobe's own request, and Firefox's
        site.answer("407 Proxy Authentication Required", challenge)
    given = ["-U", "me:sesame", "-x", f"http://127.0.0.1:{site.port}", "--browser", "firefox"]
    run(["compare", "--json", *given, "ws://server.example/"])
    sent = site.sent("Proxy-Authorization")
    assert [each is not None and each.partition(" ")[0] for each in sent] == ["Basic", "Digest"] * 2
    assert json.loads(capsys.readouterr().out)["views"]


@pytest.mark.parametrize(
    ("url", "user", "written"),
    [
        ("ws://h/", "me:sesame", "ws://me:sesame@h/"),
        ("ws://h/", "m@:s/:", "ws://m%40:s%2F%3A@h/"),
        ("ws://h/@", "me", "ws://me@h/@"),
        ("ws://other@h/", "me:sesame", "ws://other@h/"),
        ("/below/the/page", "me:sesame", "/below/the/page"),
        ("ws://h/", None, "ws://h/"),
    ],
)
def test_credentials_in_a_url(url, user, written):
    assert with_credentials(url, user) == written
