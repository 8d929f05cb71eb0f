"""What the first conclusion says about rows is true of the table beside it: for every recorded chain, for the
traces made by hand, and for any combination of answers."""

import re
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import EXAMPLES, share
from tests.trace.recorded import recorded
from tests.trace.rules import FILES, exchange_of, sections, start_of
from tests.trace.test_chains import CHAINS, whole
from wsprobe.report.report import report
from wsprobe.trace.answer import alike, answer_of
from wsprobe.trace.changes import CHANGES
from wsprobe.trace.conclusions import conclusions
from wsprobe.trace.trace import Trace

NO_HANDSHAKE = ("get", "no-upgrade", "no-version", "no-key")
ANOTHER_WAY = ("backend", "address ", "http2")


def rows(seen, *left_out):
    """The rows of the table on the way of the handshake."""
    for name, each in seen.answers.items():
        if not name.startswith(ANOTHER_WAY) and name not in left_out and each.kind != "interrupted":
            yield name, each


def handshakes(seen):
    return [each for _, each in rows(seen, *NO_HANDSHAKE)]


def every_variant_refused(seen):
    """Variants were sent: repeats of the same bytes are none."""
    sent = list(rows(seen, *NO_HANDSHAKE, "again-1", "again-2"))
    return len(sent) > 1 and all(each.kind == "http" for each in handshakes(seen))


def with_origin(seen):
    own = ("origin", "same-origin", "origin-other", "chromium", "firefox")
    both = rows(seen, *NO_HANDSHAKE, "no-origin")
    return [each for name, each in both if name in own or seen.start.has_origin]


def get_is_same(seen):
    get = seen["get"]
    return get is not None and (get.kind, get.status) == (seen.base.kind, seen.base.status)


def get_differs(seen):
    get = seen["get"]
    return get is not None and not alike(get, seen.base)


def all_same(seen, *left_out):
    return all((e.kind, e.status) == (seen.base.kind, seen.base.status) for _, e in rows(seen, *left_out))


def unanswered(seen):
    return not any(each.kind in ("http", "open", "invalid", "broken") for _, each in rows(seen))


def same_directly(seen):
    pairs = ((seen.past, seen.base), (seen["backend-origin"], seen.own))
    return any(one is not None and other is not None and alike(one, other) for one, other in pairs)


SAYS = (
    (r"for every request, even a plain GET", all_same),
    (r"Every request, even a plain GET, is cut|answers no request, not even a plain GET", unanswered),
    (
        r"for any request with Upgrade",
        lambda seen: all_same(seen, "get", "no-upgrade"),
    ),
    (r"each Origin that was tried is refused", lambda seen: not any(e.opens for e in with_origin(seen))),
    (
        r"101 with any: a rule requires the header, with any value",
        lambda s: all(e.opens for e in with_origin(s)),
    ),
    (r"in every tested form", lambda seen: all(each.opens for each in handshakes(seen))),
    (r"refuses every variant|Every variant is refused", every_variant_refused),
    (r"to every GET, with or without Upgrade", all_same),
    (r"from the first request on", lambda seen: not any(each.opens for each in handshakes(seen))),
    (r"requires credentials before anything else", lambda seen: not any(e.opens for e in handshakes(seen))),
    (
        r"cannot reach the application|No code handles WebSocket",
        lambda s: not any(e.opens for e in handshakes(s)),
    ),
    (r"no tested change explains it", lambda seen: all_same(seen, *NO_HANDSHAKE)),
    (
        r"(?:to|for) a plain GET too|A handshake and a plain GET get the same|A plain GET gets the same",
        get_is_same,
    ),
    (r"but not to a plain GET|another answer to a plain GET|plain GET gets another", get_differs),
    (r"Asked directly, [^.]{0,60} gives the same answer", same_directly),
    (r"refuses too, with a different answer", lambda seen: not same_directly(seen)),
    (r"Opens without an Origin", lambda seen: seen.without_origin is not None and seen.without_origin.opens),
)
"""Words of a conclusion, and what they say about the rows."""
ANY = r"\b(?:every|any|each|all)\b"
HARMLESS = r"What each proxy needs|any value|this one or any|(?:in|for) each form|each address"
"""Words such as these that say nothing about the rows."""
SPEAK_AGAINST = (
    (
        r"proxy is not at fault",
        r"proxy (?:drops|removes|changes|rewrites|sends HTTP/1\.0)|cannot reach the appl",
    ),
    (
        r"The proxy is at fault, not the application",
        r"the application (?:itself )?(?:refuses|does not (?:allow|accept)|allows only)(?! both alike)",
    ),
)
"""Two sentences that do not go together, unless one is only a possibility (``or``, ``usual causes``)."""
DIFFERING = frozenset({"one-of-several", "addresses-differ", "unknown"})
"""Conclusions that say that the rows differ."""


def unquoted(text):
    return re.sub(r'"[^"]*"|\([^()]*\)', '""', text)


def check(found, seen):
    text = unquoted(found.text)
    for words, holds in SAYS:
        if re.search(words, text):
            assert holds(seen), (words, found, table(seen))
    told = re.sub("|".join((HARMLESS, *(words for words, _ in SAYS))), "", text)
    assert re.search(ANY, told) is None, told
    for one, other in SPEAK_AGAINST:
        certain = re.sub(r"[^.]*(?:\b[Oo]r\b|[Uu]sual causes?|[Ee]ither)[^.]*\.", "", text)
        assert not (re.search(one, certain) and re.search(other, certain)), (found, table(seen))
    if found.id not in DIFFERING:
        turned = {name for name, e in rows(seen, *NO_HANDSHAKE) if e.opens is not seen.base.opens}
        assert not turned or turned & set(found.because), (found, table(seen))


def table(seen):
    return {name: each.result() for name, each in seen.answers.items()}


@pytest.mark.parametrize("direct", [False, True], ids=["outside", "direct"])
def test_no_row_of_a_measured_chain_speaks_against_the_conclusion(direct):
    for number in range(len(CHAINS)):
        seen, found = whole(number, direct)
        check(found[0], seen)


def test_no_row_of_a_recorded_trace_speaks_against_the_conclusion():
    for each in share(recorded()):
        check(each.conclusion, each.trace)


def test_no_row_of_a_trace_made_by_hand_speaks_against_the_conclusion():
    for section in share(each for file in FILES for each in sections(file.read_text("utf-8"))):
        seen = section.trace()
        for found in conclusions(seen)[:1]:
            check(found, seen)


SPECS = (
    *("101", "101 wrong", "101 closed 4403 no", "101 dropped", "cut", "silent", "refused"),
    *("403 Forbidden | no", "403 Forbidden; Server: nginx | <hr><center>nginx</center>", "404 Not Found | no"),
    *("400 Bad Request | missing Upgrade header", "400 Bad Request | Missing Sec-WebSocket-Key"),
    *("401 Unauthorized; WWW-Authenticate: Basic | no", "403 Forbidden | Origin not allowed", "405 No | no"),
    *("302 Found; Location: https://app.example/login | no", "429 Too Many Requests | no", "200 OK | hello"),
    *("502 Bad Gateway; Server: nginx | <hr><center>nginx</center>", "503 Service Unavailable | no"),
    *("400 Bad Request; X-WebSocket-Reject-Reason: invalid/missing Sec-WebSocket-Protocol", "504 Late | no"),
    *("500 Internal Server Error | no", "426 Upgrade Required | no", "400 Bad Request | unknown Host"),
)
STARTS = ("backends=1", "origin backends=1", "cross", "", "offer=chat backends=2", "cookie=3 path=/a?b=c")


@cache
def beginning(words):
    return start_of(words.split())


@cache
def answer(spec, begin):
    return answer_of(report(exchange_of(beginning(begin).plan, spec)))


NAMES = [row.name for row in CHANGES if row.name not in ("base", "subprotocols", "http2", "backends")]


BEGINNINGS = st.sampled_from(STARTS)
FEW = st.lists(st.sampled_from(SPECS), min_size=1, max_size=3)
ASKED = st.lists(st.sampled_from((*NAMES, "no-protocol")), max_size=12, unique=True)


@st.composite
def tables(draw):
    """A few answers in any rows; often the same ones, as of one server."""
    begin, few = draw(BEGINNINGS), draw(FEW)
    never = ("origin", "backend-origin") if beginning(begin).has_origin else ("no-origin", "same-origin")
    names = [
        each for each in draw(ASKED) if each not in never and ("backends" in begin or each[:7] != "backend")
    ]
    one = st.sampled_from(few)
    given_rows = {name: answer(draw(one), begin) for name in names}
    return Trace(beginning(begin), {"base": answer(few[0], begin), **given_rows})


@settings(max_examples=15 * EXAMPLES)
@given(tables())
def test_no_row_of_any_table_speaks_against_the_conclusion(seen):
    found = conclusions(seen)
    if found:
        check(found[0], seen)
    else:
        assert "get" not in seen.answers or seen.base.kind == "interrupted"
