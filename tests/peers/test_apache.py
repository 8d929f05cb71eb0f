"""Apache httpd, refusing and in front of a WebSocket server, both of its ways to pass an upgrade on."""

import pytest

from tests.peers.place import HOST
from tests.peers.proxies import PASSWORD, REALM, USER
from tests.peers.witness import by_socket, logged

pytestmark = pytest.mark.programs


def test_credentials_open_what_was_locked(apache, probe):
    told = probe(f"ws://{HOST}:{apache.port}/locked", "-u", f"{USER}:{PASSWORD}")
    # There is no page behind the lock: what counts is that it is not 401 any more.
    assert told.answer.status == 404


@pytest.mark.parametrize("how", [(), ("--digest",), ("--anyauth",)], ids=str)
def test_digest_opens_what_mod_auth_digest_has_locked(apache, probe, how):
    told = probe(f"ws://{HOST}:{apache.port}/vault/echo", "-u", f"{USER}:{PASSWORD}", *how)
    assert (told.outcome, told.failed) == ("open", set())
    assert [hop["response"]["status"] for hop in told.value["hops"]] == [401]
    sent = dict(told.value["request"]["headers"])["Authorization"]
    assert sent.startswith(f'Digest username="{USER}", realm="{REALM}", nonce=')


def test_a_wrong_password_is_refused_by_digest(apache, probe):
    told = probe(f"ws://{HOST}:{apache.port}/vault/echo", "-u", f"{USER}:wrong", "--digest")
    assert (told.outcome, len(told.value["hops"])) == ("unauthorized", 1)


def test_basic_waits_for_the_401(apache, probe, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {HOST} login {USER} password {PASSWORD}")
    told = probe(f"ws://{HOST}:{apache.port}/locked", "--anyauth", "--netrc-file", str(netrc))
    assert [hop["response"]["status"] for hop in told.value["hops"]] == [401]
    assert told.answer.status == 404


@pytest.mark.parametrize("how", ["", "--proxy-digest", "--proxy-anyauth", "--proxy-basic"])
def test_through_a_proxy_that_wants_credentials(apache, probe, upstream, how):
    """mod_proxy_connect behind AuthType Basic and Digest, with the same user."""
    url = f"ws://{HOST}:{upstream}/echo"
    opened = {}
    for name, port in (("basic", apache.by_basic), ("digest", apache.by_digest)):
        proxy = ("-x", f"http://{HOST}:{port}", "-U", f"{USER}:{PASSWORD}")
        told = probe(url, *proxy, *([how] if how else []))
        opened[name] = (told.outcome, len(told.value["hops"]))
    assert (
        opened
        == {
            "": {"basic": ("open", 0), "digest": ("open", 1)},
            "--proxy-basic": {"basic": ("open", 0), "digest": ("open", 1)},
            "--proxy-digest": {"basic": ("proxy-failed", 0), "digest": ("open", 1)},
            "--proxy-anyauth": {"basic": ("open", 1), "digest": ("open", 1)},
        }[how]
    )


def test_where_it_redirects_to(apache, probe):
    assert probe(f"ws://{HOST}:{apache.port}/moved").answer.field("Location") == "wss://chat.example/ws"


@pytest.mark.parametrize("way", ["ws", "upgrade", "plain"])
def test_open_through_the_proxy(apache, probe, way):
    """mod_proxy_wstunnel, mod_proxy_http told to upgrade, and (since 2.4.47) mod_proxy_http told nothing."""
    told = probe(f"ws://{HOST}:{apache.port}/{way}/echo", "--send", "hello")
    assert (told.outcome, told.failed) == ("open", set())
    assert told.answer == by_socket(apache.port, told.request)
    # Head, message and Close: Apache counts what it passed on.
    assert logged(apache.log, told.key)[:2] == ["101", str(len(told.received))]
