"""One thing changed in the bytes of a request, and the order in which requests go out."""

import re

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.trace.chains import chains, recorded, start, trace
from wsprobe.diagnosis.kinds import all_kinds
from wsprobe.diagnosis.proxies import LineValues, mending, table
from wsprobe.report.report import report
from wsprobe.request.edits import with_field, without
from wsprobe.trace.answer import answer_of
from wsprobe.trace.changes import CHANGES, behind
from wsprobe.trace.conclusions import conclusions
from wsprobe.trace.series import TRACE, Choice, following, left_out
from wsprobe.trace.trace import Backend, Trace

ASKED = (
    b"GET /chat?x=1 HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nconnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: k\r\nCookie: a=b\r\n\r\n"
)


CHAIN = chains()[0]


@given(st.binary(max_size=200), st.sampled_from([row.name for row in CHANGES]))
def test_any_request_can_be_changed(request, name):
    """Of a request written by hand (--raw-request) nothing is lost that was not to be changed."""
    begin = start(CHAIN, direct=True)
    begin = type(begin)(
        replace(begin.plan, request=request), begin.origin, begin.browsers, begin.backends, False, begin.hold
    )
    base = answer_of(report(recorded(begin.plan, CHAIN.value["answers"]["base"], held=False)))
    (row,) = (each for each in CHANGES if each.name == name)
    for step in row.make(Trace(begin, {"base": base})):
        assert step.name
    assert without(request, b"no-such-field") == request


ANSWERS = [answer for chain in chains()[::9] for answer in trace(chain, direct=True)[0].answers.values()]


@given(
    st.dictionaries(st.sampled_from([row.name for row in CHANGES]), st.sampled_from(ANSWERS), max_size=16),
    st.sampled_from(ANSWERS),
)
def test_any_answers_mean_something(answers, base):
    """Whatever came back, in whatever combination: a conclusion, a next step or none, and what was left out."""
    seen = Trace(start(CHAIN, direct=True), {"base": base, **answers})
    found = conclusions(seen)
    assert {each.id for each in found} <= set(all_kinds())
    assert all(0 < each.likely < 1 and set(each.because) for each in found)
    step = following(seen, Choice())
    assert step is None or step.name not in seen.answers
    left_out(seen, Choice())


def test_no_more_than_sixteen():
    """A name with many addresses, many subprotocols: those that tell most go out, and the repeats."""
    chain = chains()[4]
    begin = start(chain, direct=True)
    offered = ", ".join(f"p{number}" for number in range(30)).encode()
    request = with_field(begin.plan.request, b"Sec-WebSocket-Protocol", offered)
    begin = type(begin)(replace(begin.plan, request=request), begin.origin, begin.browsers, begin.backends)
    seen = Trace(begin, {})
    answers = {False: chains()[5].value["answers"]["base"], True: chains()[5].value["answers"]["get"]}
    while (step := following(seen, Choice())) is not None:
        told = answers[b"pgrade" not in step.plan.request]
        exchange = recorded(step.plan, told, held=False)
        seen = Trace(begin, {**seen.answers, step.name: answer_of(report(exchange))})
    assert len(seen.answers) == TRACE.most
    assert tuple(seen.answers)[-2:] == TRACE.repeats
    assert ("subprotocols", f"the limit of {TRACE.most} requests is reached") in left_out(seen, Choice())


def test_each_conclusion_has_lines_that_are_known():
    place = LineValues("/room/7", "10.0.0.2:8000", "Origin", "/ws")
    for fault, known in table().items():
        assert known, fault
        for hop, text in known.items():
            filled = mending(fault, (hop,), place)
            assert filled.endswith(place.fill(text))
            assert not re.search("PATH|HOST:PORT|PART|TARGET|/chat", filled), filled


def past(host, name, value):
    """Whether TLS is asked for at *host*, past the proxy, with this field: first, and where none is spoken."""
    begin = start(next(each for each in chains() if each.asked.get("tls")), direct=False)
    request = with_field(begin.plan.request, name, value)
    own = type(begin)(replace(begin.plan, request=request), begin.origin, backends=(Backend(host, 8000),))
    plan = behind(Trace(own, {}))
    failed = recorded(plan, {"ended": "tls: not spoken", "ms": 1}, held=False)
    then = behind(Trace(own, {"backend": answer_of(report(failed))}))
    return plan.target.secure, plan.route.connect_to, then.target.secure
