"""Parts of WebKitGTK's view. Expectations are libsoup 3.6's own: its functions, called with the same bytes."""

from __future__ import annotations

import zlib

import pytest
from msgspec.structs import replace

from wsprobe.browsers import ENGINES
from wsprobe.browsers.engine import Page
from wsprobe.browsers.webkitgtk.connection import Inflater
from wsprobe.browsers.webkitgtk.handshake import Refused, accept, in_table
from wsprobe.browsers.webkitgtk.http import Fields, contains, parameters, parse
from wsprobe.browsers.webkitgtk.request import NTLM, authorization
from wsprobe.exchange import Target
from wsprobe.lab import load
from wsprobe.lab.play import rehearse
from wsprobe.lab.scenario import Step

BASIC = b'Basic realm="x"'
NAMES = [
    b"server_max_window_bits",
    b"client_max_window_bits",
    b"server_no_context_takeover",
    b"client_no_context_takeover",
    b"x",
]


def test_parameters_are_gone_through_in_the_order_of_a_table() -> None:
    assert in_table(NAMES) == in_table(dict.fromkeys(NAMES)) != NAMES
    assert in_table([b"server_max_window_bits", b"x"]) == [b"x", b"server_max_window_bits"]
    many = [b"%d" % number for number in range(8)]
    assert in_table(many) == many


@pytest.mark.parametrize("value", [b"server_max_window_bits=7; x", b"x; server_max_window_bits=7"])
def test_the_fault_that_is_named_does_not_depend_on_what_stands_first(value: bytes) -> None:
    with pytest.raises(Refused) as refused:
        accept(b"permessage-deflate; " + value)
    assert (refused.value.key, refused.value.name) == ("parameter", "x")


def test_a_vertical_tab_is_no_space() -> None:
    assert contains(b"\x0cUpgrade\t, x", b"upgrade")
    assert not contains(b"\x0bUpgrade", b"upgrade")


def test_an_extended_parameter_counts_instead_of_a_plain_one() -> None:
    assert parameters(b"a=1, a*=utf-8''%41", b",", strict=False) == {b"a": b"A"}
    assert parameters(b"a=1, B=2, A*=utf-8''%41", b",", strict=False) == {b"B": b"2", b"A": b"A"}
    assert parameters(b"a=1, a=2", b",", strict=False) == {b"a": b"1"}


def test_each_byte_that_is_no_utf8_is_replaced_and_folds_become_one_space() -> None:
    head = parse(b"HTTP/1.1 200 O\r\na\xe2\x82: b\r\n \r\n c\xf4\x90\x80\x80\r\n")
    assert head is not None
    assert list(head.fields) == [("a\ufffd\ufffd".encode(), "b c\ufffd\ufffd\ufffd\ufffd".encode())]


@pytest.mark.parametrize(
    ("challenges", "secure", "userinfo", "answer"),
    [
        ([b"NTLM"], False, None, NTLM),
        ([b"ntlm", BASIC], False, "u:p", NTLM),
        ([b"NTLM abc", BASIC], False, "u:p", "Basic dTpw"),
        ([b"NTLM abc"], False, "u:p", ""),
        ([b"Negotiate", BASIC], False, "u:p", ""),
        ([b"Negotiate", b"NTLM"], False, "u:p", ""),
        ([b"Negotiate", BASIC], True, "u:p", "Basic dTpw"),
        ([b"Negotiate, NTLM, " + BASIC], True, None, NTLM),
        ([b"Negotiate abc", BASIC], True, "u:p", ""),
        ([b"Negotiate a=b, c=d", BASIC], False, "u:p", "Basic dTpw"),
        ([BASIC], False, None, ""),
    ],
)
def test_the_strongest_scheme_that_is_taken_answers(
    challenges: list[bytes], secure: bool, userinfo: str | None, answer: str
) -> None:
    fields = Fields([(b"WWW-Authenticate", challenge) for challenge in challenges])
    assert authorization(fields, Target("ws://h/", secure, "h", 80, "/", userinfo), "key") == answer


def test_ntlm_begins_anew_on_each_connection_until_it_is_one_too_many() -> None:
    view = rehearse(ENGINES["webkitgtk"], load()["401-ntlm-close"], load())
    assert view.console[0].endswith(" failed: Message was restarted too many times")
    assert view.page == Page().url


def test_cookies_are_looked_at_once_the_framing_is_known() -> None:
    head = "HTTP/1.1 403 x\r\nSet-Cookie: a=b\r\n{}\r\n\r\n"
    for field, kept in (
        ("Content-Length: 0", ("a=b",)),
        ("Content-Length: x", ()),
        ("Transfer-Encoding: x", ()),
    ):
        scenario = replace(load()["403"], steps=(Step("send", head.format(field).encode()),))
        assert rehearse(ENGINES["webkitgtk"], scenario, load()).cookies == kept


def test_a_message_is_inflated_up_to_its_limit() -> None:
    stream = zlib.compressobj(9, zlib.DEFLATED, -15)
    deflated = (stream.compress(b"a" * 1000) + stream.flush(zlib.Z_SYNC_FLUSH))[:-4]
    for limit in (1, 10, 999, 1000, 1001):
        assert Inflater(15).feed(deflated, True, limit) == b"a" * min(limit, 1000)
