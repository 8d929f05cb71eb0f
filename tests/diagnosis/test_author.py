"""Who wrote an answer, and why: real answers of real servers, the same behind proxies, and any bytes."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import EXAMPLES, every, share
from tests.diagnosis.hops import HOPS
from tests.diagnosis.measured import NAMED
from tests.diagnosis.recorded import reading_of, recorded
from wsprobe.diagnosis import author
from wsprobe.diagnosis.programs import PROGRAMS

RECORDED = recorded()
PROXIES = {name for name, program in PROGRAMS.items() if program.role == "proxy"}
DIRECT = [
    each
    for each in RECORDED
    if each.answer and not each.behind and b"HTTP/1.1 101" not in each.answer and each.author not in PROXIES
    if not each.asked.get("connect_proxy")
]
"""Answers that came from the server itself, and that a proxy could have passed on."""


def covered(found):
    """The kinds of cause that *found* name, in a list of usual causes too."""
    named = {id for cause in found for id, words in NAMED.items() if re.search(words, cause.without_quote)}
    return named | {cause.id for cause in found}


LESS = {
    # What a proxy may leave of a signature: a wider one that holds, never another.
    "uvicorn": {"uvicorn", "h11", "asgi-json"},
    "hypercorn": {"hypercorn", "h11", "asgi-json"},
    "granian": {"granian", "asgi-json"},
    "flask": {"flask", "flask-or-quart"},
    "quart": {"quart", "flask-or-quart"},
    "gunicorn": {"gunicorn"},
    "tornado": {"tornado"},
}


@every(RECORDED)
def test_recorded(each):
    known = author(reading_of(each.answer, each.ended, each.asked, each.late))
    assert known.id == each.author
    if each.causes:
        assert covered(known.causes[: each.rank]) & set(each.causes)
    else:
        assert known.causes == ()


@pytest.mark.parametrize("hop", HOPS)
def test_behind_a_proxy_nobody_else_is_named(hop):
    wrong = []
    for each in share(DIRECT):
        known = author(reading_of(HOPS[hop](each.answer), "open", asked(each)))
        if known.id not in ("", each.author, *LESS.get(each.author, ())):
            wrong.append((str(each), each.author, known.id, known.mark))
    assert wrong == []


@pytest.mark.parametrize("hop", ["nginx", "caddy", "apache", "lighttpd", "envoy"])
def test_a_hop_that_signs_is_seen_and_not_taken_for_the_author(hop):
    hops = {author(reading_of(HOPS[hop](each.answer), "open", asked(each))).hop for each in share(DIRECT)}
    # Apache and lighttpd leave the application's Server as it is, if it sent one.
    assert hops <= {hop, ""}
    assert hop in hops


CANNOT_BE_TOLD = {
    # Granian makes a 403 of a crash too, which without its Server is anybody's refusal.
    *("118", "119"),
    # Daphne's 500 for a denial response, without its reason phrase.
    "133",
    # A 500 for a return without accepting, without Server, reason phrase or order of fields.
    *("75", "101"),
    # A WSGI server without a socket, its Server lost.
    "197",
}


@pytest.mark.parametrize("hop", HOPS)
def test_behind_a_proxy_the_true_cause_is_still_among_the_first(hop):
    missed = []
    for each in share(DIRECT):
        known = author(reading_of(HOPS[hop](each.answer), "open", asked(each)))
        lost = {"upgrade-lost"} if "no-websocket" in each.causes or asked(each) != each.asked else set()
        if not covered(known.causes[:3]) & {*each.causes, *lost}:
            missed.append(str(each).split("-")[0])
    assert set(missed) <= CANNOT_BE_TOLD


def asked(each):
    """What was asked; of a plain GET a handshake, as it is one when it comes through a proxy that strips it."""
    note = each.asked.get("note", "")
    if not note.startswith("plain GET") and note != "Connection: keep-alive":
        return each.asked
    path = {"path": note.removeprefix("plain GET of ")} if note.startswith("plain GET of ") else {}
    return {key: value for key, value in each.asked.items() if key != "note"} | path


HEADS = st.lists(
    st.sampled_from(
        [
            *(
                b"Server: nginx",
                b"Server: Caddy",
                b"server: uvicorn",
                b"Server: daphne",
                b"Content-Type: text/html",
            ),
            *(b"Content-type: text/html", b"Content-Type: text/plain;charset=UTF-8", b"Location: http://[/"),
            *(
                b"X-Squid-Error: \x1b[31m",
                b"X-WebSocket-Reject-Reason: \xff\x00",
                b"Content-Length: 3",
                b"Upgrade: websocket",
            ),
            *(
                b"Sec-WebSocket-Protocol: \x1b",
                b"Keep-Alive: timeout=5",
                b"Transfer-Encoding: chunked",
                b"no colon",
            ),
        ]
    ),
    max_size=6,
)


@settings(max_examples=6 * EXAMPLES)
@given(
    st.sampled_from(
        [
            b"HTTP/1.1 101 x",
            b"HTTP/1.1 400 ",
            b"HTTP/1.1 403 Forbidden",
            b"HTTP/1.1 999 \xff",
            b"HTTP/1.1 302 x",
        ]
    ),
    HEADS,
    st.one_of(
        st.binary(max_size=40), st.sampled_from([each.answer[-200:] for each in RECORDED if each.answer])
    ),
    st.sampled_from(["fin", "reset", "open", "timeout"]),
    st.sampled_from(["/", "/socket.io/?EIO=3&sid=%", "//[::1", "/mqtt?a=\x1b", "*"]),
)
def test_any_bytes_have_a_signature_that_is_safe_to_show(line, fields, body, ended, path):
    answer = b"\r\n".join([line, *fields, b"", body])
    known = author(
        reading_of(answer, ended, {"path": path, "origin": "http://\x1b]0;x", "protocols": ["\x1b"]})
    )
    for cause in known.causes:
        assert (cause.text + cause.fix + cause.evidence).isprintable()
        assert "\ufffd" not in cause.text  # bytes that are no text are shown as bytes
    assert known.mark.isprintable()
