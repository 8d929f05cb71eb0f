"""What a redirect may carry along: secrets go to the origin that they were given for, and nowhere else."""

from __future__ import annotations

import pytest

from tests.cli.site import Site
from wsprobe.cli.main import run
from wsprobe.lab.background import running

TOKEN = "tok3n-0123456789-abcdefghij"
GIVEN = (
    *("-u", "me:s3cret-password"),
    *("-b", "session=s3cret-cookie"),
    *("-H", "X-Auth: Bearer s3cret-bearer"),
    *("-H", "X-Api-Key: s3cret-key"),
    *("-H", "Proxy-Authorization: Basic s3cret-proxy"),
    *("--protocol", TOKEN),
    *("--protocol", "chat"),
    *("-H", "Accept-Language: eo"),
)
SECRETS = ("s3cret", "bWU6czNjcmV0LXBhc3N3b3Jk", TOKEN)


@pytest.fixture
def sites():
    made = Site(), Site()
    yield made
    for site in made:
        site.close()


def told(asked):
    return [secret for secret in SECRETS if secret in asked.decode("latin-1")]


def test_from_one_origin_to_another_and_on_nothing_follows(sites, capsys):
    own, other = sites
    own.redirect(other, "/one")
    other.redirect(other, "/two")
    other.refuse()
    assert run(["connect", "-L", *GIVEN, f"ws://127.0.0.1:{own.port}/"]) == 12
    assert told(own.asked[0]) == list(SECRETS)
    assert [told(asked) for asked in other.asked] == [[], []]
    assert all(b"Sec-WebSocket-Protocol: chat\r\n" in asked for asked in other.asked)
    assert all(b"Accept-Language: eo\r\n" in asked for asked in other.asked)
    said = capsys.readouterr().out
    assert "left out for the other origin: " in said
    assert "X-Api-Key" in said


def test_what_comes_back_to_the_first_origin_is_asked_as_before(sites):
    own, other = sites
    own.redirect(other)
    other.redirect(own)
    own.refuse()
    assert run(["connect", "-L", *GIVEN, f"ws://127.0.0.1:{own.port}/"]) == 12
    assert told(other.asked[0]) == []
    assert told(own.asked[1]) == list(SECRETS)


def test_location_trusted_sends_all_to_everyone(sites):
    own, other = sites
    own.redirect(other)
    other.refuse()
    assert run(["connect", "--location-trusted", *GIVEN, f"ws://127.0.0.1:{own.port}/"]) == 12
    assert told(other.asked[0]) == list(SECRETS)


def test_a_request_written_by_hand_stays_at_home(sites, tmp_path):
    own, other = sites
    own.redirect(other, "/public")
    other.refuse()
    assert run(["connect", "-L", "--request-target", "/s3cret", f"ws://127.0.0.1:{own.port}/"]) == 12
    assert own.asked[0].startswith(b"GET /s3cret ")
    assert other.asked[0].startswith(b"GET /public ")


@pytest.mark.parametrize("option", ["-L", "--location-trusted"])
def test_messages_stay_with_the_first_origin(option, sites, capsys):
    own, _ = sites
    with running() as lab:
        own.answer("302 Found", f"Location: {lab.url('/echo')}")
        assert run(["connect", option, "--send", "s3cret", f"ws://127.0.0.1:{own.port}/"]) == 0
    out = capsys.readouterr().out
    assert ("left out for the other origin: the messages" in out) is (option == "-L")
    assert ("s3cret" in out) is (option != "-L")
