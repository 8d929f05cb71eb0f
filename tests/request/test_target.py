"""Texts that name a target, and texts that do not."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe.request.target import TargetError, parse


@pytest.mark.parametrize("host", ["a" * 64, "\u00fc" * 60, ".".join(["a" * 50] * 6)])
def test_longer_than_dns_allows(host):
    with pytest.raises(TargetError, match="longer than DNS allows"):
        parse(f"ws://{host}/")


@pytest.mark.parametrize("host", ["\u202e.example", "\u05d0a\u05d0.example", "\udcff", "\u200b\u00fc\uffff"])
def test_no_international_name(host):
    with pytest.raises(TargetError, match="is not a valid international name"):
        parse(f"ws://{host}/")


ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT | st.builds("ws://{}".format, ANY_TEXT) | st.from_regex(r"\A(ws://)?[a-z\[\]:%@#?/. ]*\Z"))
def test_a_target_or_one_line(text):
    try:
        target = parse(text)
    except TargetError as error:
        message = str(error)
    else:
        message = ""
        assert target.resource.startswith("/")
        assert target.resource.isascii()
        assert " " not in target.resource
        assert 1 <= target.port <= 65535
        assert target.host.isascii()
        assert target.host == target.host.lower() or "%" in target.host
    assert message.isascii()
    assert message.isprintable()


LONG_HOSTS = ("a" * 63, "a" * 64, *(f"{'a.' * 100}{'b' * rest}" for rest in (53, 54)))
"""Labels of 63 and 64 characters, names of 253 and 254."""


@pytest.mark.parametrize(("host", "longer"), [*zip(LONG_HOSTS, [False, True, False, True], strict=True)])
def test_a_host_is_as_long_as_dns_allows(host, longer):
    for text in (host, f" {host}", f"ws://{host}/", f"ws://{host.upper()}/"):
        if longer:
            with pytest.raises(TargetError, match="longer than DNS allows"):
                parse(text)
        else:
            assert parse(text).host == host


def test_messages_stay_short():
    with pytest.raises(TargetError) as caught:
        parse("ftp://" + "x" * 100_000)
    assert len(str(caught.value)) < 300


@pytest.mark.programs
def test_an_ascii_host_loads_no_idna():
    code = (
        "import sys; from wsprobe.request.target import parse; parse('ws://h:1/x'); "
        "sys.exit(bool({'idna', 'ipaddress', 'urllib.parse', 'socket'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
