"""--backend: a path of its own, several from outside to inside, and what their answers prove."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.cases import every
from tests.trace.chains import chains, recorded, start
from tests.trace.rules import Section
from wsprobe.diagnosis.proxies import proxies
from wsprobe.report.report import report
from wsprobe.request.edits import resource_of
from wsprobe.show.audit import row as audit_row
from wsprobe.show.lines import Look, text_of
from wsprobe.show.trace import NAME, because, concluded, row
from wsprobe.trace.answer import answer_of
from wsprobe.trace.conclusions import conclusions
from wsprobe.trace.series import Choice, following
from wsprobe.trace.trace import Backend, Trace

BEGIN = start(chains()[1], direct=True)
OPEN = {"status": 101, "reason": "Switching Protocols", "accept": "right", "ms": 1}
NOT_FOUND = {"status": 404, "reason": "Not Found", "body_start": "Not Found", "ms": 1}
FORBIDDEN = {
    "status": 403,
    "reason": "Forbidden",
    "body_start": "",
    "server": "uvicorn",
    "ms": 1,
}


def got(told, plan=BEGIN.plan, *, held=False):
    return answer_of(report(recorded(plan, told, held=held, addresses=False)))


def begin(*backends, **more):
    return replace(BEGIN, backends=backends, **more)


def test_each_backend_is_asked_from_outside_to_inside_each_at_its_own_path():
    own = begin(Backend("127.0.0.1", 1), Backend("127.0.0.1", 2), Backend("127.0.0.1", 3, resource="/ws?a"))
    seen = Trace(own, {})
    asked = {}
    while (step := following(seen, Choice(only=frozenset({"backends", "backend", "backend-get"})))) is not None:
        address = step.plan.route.connect_to
        asked[step.name] = (address[0][3] if address else None, resource_of(step.plan.request))
        seen = Trace(own, {**seen.answers, step.name: got(NOT_FOUND)})
    assert asked == {
        "base": (None, b"/chat"),
        "backend": (3, b"/ws?a"),
        "backend 1": (1, b"/chat"),
        "backend 2": (2, b"/chat"),
        "backend-get": (3, b"/ws?a"),
    }


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ([NOT_FOUND, NOT_FOUND], "h1:1 fails too (404), and h2:2 fails too"),
        (
            [NOT_FOUND, OPEN],
            "h1:1 fails too (404), but h2:2 behind it opens: the fault is in the proxy at h1:1",
        ),
        ([OPEN, OPEN], "h1:1 opens too: the fault is in the proxy in front of it"),
    ],
)
def test_the_proxy_between_two_backends_is_named(answers, says):
    own = begin(Backend("h1", 1), Backend("h2", 2), Backend("h3", 3))
    one, two = map(got, answers)
    if answers == [NOT_FOUND, NOT_FOUND]:
        says = "h2:2 fails too (404), but h3:3 behind it opens: the fault is in the proxy at h2:2"
    names = {"base": NOT_FOUND, "get": NOT_FOUND, "backend": OPEN, "backend-get": NOT_FOUND}
    seen = Trace(own, {**{name: got(told) for name, told in names.items()}, "backend 1": one, "backend 2": two})
    found = conclusions(seen)[0]
    assert found.id == "upgrade-lost"
    assert says in found.text


def test_upgrade_is_lost_at_the_proxy_though_the_application_refuses_too():
    """base 404, backend-get the same 404, and directly with Upgrade a 403."""
    names = {"base": NOT_FOUND, "get": NOT_FOUND, "backend": FORBIDDEN, "backend-get": NOT_FOUND}
    seen = Trace(begin(Backend("h", 1)), {name: got(told) for name, told in names.items()})
    found = conclusions(seen)[0]
    assert (found.id, found.because, found.open) == ("upgrade-lost", ("base", "backend"), False)
    assert "a proxy drops Upgrade" in found.text
    assert "(403)" in found.text


def test_a_page_that_quotes_its_path_is_the_same_page_at_another_path():
    through = {**NOT_FOUND, "body_start": "Cannot GET /chat"}
    own = begin(Backend("h", 1, resource="/ws"))
    plan = replace(BEGIN.plan, request=BEGIN.plan.request.replace(b" /chat ", b" /ws "))
    directly = got({**NOT_FOUND, "body_start": "Cannot GET /ws"}, plan)
    answers = {"base": got(through), "get": got(through), "backend": got(OPEN), "backend-get": directly}
    assert conclusions(Trace(own, answers))[0].id == "upgrade-lost"


# -- a prefix that the proxy should strip

LIBRARY = {**NOT_FOUND, "body_start": "no such path here"}


@pytest.mark.parametrize("get", [NOT_FOUND, LIBRARY])
def test_the_same_404_on_the_same_path_leaves_open_that_the_proxy_should_strip_a_prefix(get):
    answers = {
        "base": got(NOT_FOUND),
        "get": got(get),
        "no-version": got(FORBIDDEN),
        "backend": got(NOT_FOUND),
        "backend-get": got(get),
    }
    found = conclusions(Trace(begin(Backend("b", 1)), answers))[0]
    assert (found.id, found.open) == ("refused-by-app", True)
    assert "on the same path: the proxy is not at fault, unless it should strip a prefix" in found.text
    assert found.fix.splitlines()[0].endswith("give the backend its own path: --backend ws://b:1/PATH")
    known = conclusions(Trace(begin(Backend("b", 1, resource="/ws")), answers))[0]
    assert (known.id, known.open) == ("refused-by-app", False)
    assert "prefix" not in known.text + known.fix


@pytest.mark.parametrize("get", [NOT_FOUND, LIBRARY])
def test_a_path_of_its_own_that_opens_gets_the_lines_that_map_one_path_to_the_other(get):
    base = got({**NOT_FOUND, "server": "nginx/1.26.3"})
    answers = {"base": base, "get": got({**get, "server": "nginx/1.26.3"}), "backend": got(OPEN)}
    answers |= {"no-version": got(FORBIDDEN), "backend-get": got(FORBIDDEN)}
    found = conclusions(Trace(begin(Backend("127.0.0.1", 9306, resource="/ws")), answers))[0]
    assert "the application has the socket at /ws" in found.text.replace("The", "the")
    assert found.fix.startswith(
        "nginx: location /chat { proxy_pass http://127.0.0.1:9306/ws; proxy_http_version 1.1;"
    )


# -- an idle timeout


def idle(seconds, server="", *, past=None, there=""):
    """Opens behind *server*, and drops after *seconds*; the backend, marked *there*, after *past*, 0: never."""
    opened = {**OPEN, "server": server} if server else OPEN
    told = {**opened, "idle": f"closed after {seconds} s"}
    answers = {
        "base": got(opened),
        "get": got(NOT_FOUND),
        "again-1": got(opened),
        "again-2": got(told, held=True),
    }
    if past is not None:
        direct = {**OPEN, "idle": f"closed after {past} s"} if past else OPEN
        direct = {**direct, "server": there} if there else direct
        answers |= {"backend": got(OPEN), "backend-held": got(direct, held=True)}
    return Trace(begin(Backend("h", 1)) if past is not None else begin(), answers)


def test_a_cut_that_is_not_the_default_of_the_proxy_is_not_laid_at_it():
    found = conclusions(idle(4.0, "nginx/1.26.3"))[0]
    assert (found.id, found.because) == ("idle-timeout", ("again-2",))
    assert "This is not the default of nginx (60 s)" in found.text
    named = [line.partition(":")[0] for line in found.fix.splitlines()]
    assert named[0] == "nginx"
    assert "HAProxy" in named
    assert not {"Envoy", "AWS load balancer (from its documentation)"} & set(named)
    assert 'wsprobe explain "idle timeout"' in found.fix


def test_a_cut_after_the_default_of_the_proxy_prints_its_lines_alone():
    found = conclusions(idle(60.1, "nginx/1.26.3"))[0]
    assert "default" not in found.text
    assert found.fix.startswith("nginx: proxy_read_timeout 1h")
    assert len(found.fix.splitlines()) == 2


def test_the_lines_of_a_visible_proxy_without_a_default_come_alone_with_one_pointer():
    found = conclusions(idle(4.0, "Caddy"))[0]
    assert [line.partition(":")[0] for line in found.fix.splitlines()] == [
        "Caddy",
        "Idle limits of more proxies, and who ended the session",
        "Or send a Ping or a message more often.",
    ]


def test_a_backend_that_is_a_proxy_is_not_taken_for_the_application():
    text = conclusions(idle(4.0, past=4.0, there="nginx"))[0].text
    assert text.endswith("nginx answers there, so nginx or the application has the timeout.")
    text = conclusions(idle(4.0, past=4.0))[0].text
    assert text.endswith("The application has the timeout, or a proxy without a mark in front of it.")
    assert "the proxy has an idle timeout" in conclusions(idle(4.0, past=0.0))[0].text


def test_because_shows_how_long_each_was_held():
    seen, look = idle(4.0, past=0.0), Look()
    found = conclusions(seen)
    shown = [text_of(each) for each in because(found[0], seen, look)]
    assert shown[0].split(None, 1) == ["again-2", "held: dropped after 4.0 s"]
    assert shown[1].split(None, 1)[1].startswith("held: still open after")
    assert concluded(found, seen, Choice(), look)
    assert "held: dropped after 4.0 s" in text_of(row("again-2", seen, look)[0])


def test_lines_have_the_path_of_the_url_and_the_address_of_the_backend():
    lines = (
        "start path=/room/7 backends=1",
        "base: 404 Not Found; Server: nginx | <hr><center>nginx</center>",
        "get: = base",
        "backend: 101",
        "backend-get: 426 Upgrade Required | no",
    )
    fix = conclusions(Section("", lines, "").trace())[0].fix
    assert fix.startswith("nginx: location /room/7 { proxy_pass http://b1:8001;")


@pytest.mark.parametrize(
    ("server", "count", "line"),
    [
        ("; Server: nginx", 1, "nginx: location /app/ws { proxy_pass http://b1:8001/ws;"),
        ("", 1, "Caddy: handle /app/ws { ... } with two lines inside: rewrite * /ws and reverse_proxy b1:8001"),
        ("; Server: nginx", 2, "nginx: location /app/ws { proxy_pass http://b2:8002/ws;"),
    ],
)
def test_an_application_with_another_path_gets_the_lines_that_map_it(server, count, line):
    lines = (
        f"start path=/app/ws backends={count} resource=/ws",
        f"base: 403 Forbidden{server} | no",
        f"get: 404 Not Found{server} | none",
        f"no-version: 400 Bad Request{server} | missing",
        "backend: 101",
    )
    found = conclusions(Section("", lines, "").trace())[0]
    assert "has the socket at /ws, and the proxy does not map /app/ws to it" in found.text
    assert line in found.fix


def test_no_proxy_is_assumed_where_none_is_seen():
    lines = ("start", "base: 404 Not Found | Not Found", "get: = base", "origin: = base")
    found = conclusions(Section("", lines, "").trace())[0]
    assert (
        "Either the path has no WebSocket endpoint, a proxy drops Upgrade (no proxy is visible)" in found.text
    )
    assert not any(each.name in found.fix for each in proxies())
    assert found.fix.count("wsprobe explain proxy") == 1


@pytest.mark.parametrize(("room", "shown"), [(9, ""), (10, "Gone...now"), (26, "Gone or somewhere else now")])
def test_less_than_ten_columns_of_what_an_answer_is_about_are_not_shown(room, shown):
    answer = got({**NOT_FOUND, "reason": "Gone or somewhere else now", "body_start": ""})
    seen = Trace(BEGIN, {"base": answer})
    columns = NAME + 2 + 12 + 2
    told = text_of(row("base", seen, Look(width=columns + room, terminal=True))[0])
    assert told[columns:] == shown


@pytest.mark.parametrize(
    ("lines", "id", "words"),
    [
        (
            (
                "start backends=1",
                "base: 401 Unauthorized; Server: Python/3.11 aiohttp/3.14.5; Content-Type: application/json "
                '| {"error": "token missing"}',
                "get: = base",
                "backend: 101",
                "backend-get: 400 Bad Request | No WebSocket UPGRADE hdr: None",
            ),
            "request-changed",
            "a cookie, a token, the query",
        ),
        (
            (
                "start backends=1",
                "base: 403 Forbidden; Server: TornadoServer/6.6 | Cross origin websockets not allowed",
                "get: 400 Bad Request | no",
                "origin: 403 Forbidden; Server: TornadoServer/6.6 | Cross origin websockets not allowed",
                "backend: 101",
            ),
            "origin-changed",
            "the proxy adds or changes Origin",
        ),
        (
            (
                "start",
                "base: 503 Service Unavailable; Server: nginx | <hr><center>nginx</center>",
                "get: = base",
            ),
            "unavailable",
            "limit_req or limit_conn",
        ),
    ],
)
def test_what_the_proxy_does_to_the_request(lines, id, words):
    found = conclusions(Section("", lines, "").trace())[0]
    assert (found.id, words in found.text) == (id, True), found


def test_an_origin_of_another_host_is_no_matter_of_host():
    lines = ("start origin", "base: 403 Forbidden | no", "get: 404 Not Found | none", "no-origin: 101")
    seen = Section("", lines, "").trace()
    assert conclusions(seen)[0].id == "host-changed-or-origin-list"
    elsewhere = conclusions(Trace(replace(seen.start, origin="http://else.example"), seen.answers))[0]
    assert (elsewhere.id, elsewhere.open) == ("origin-refused", False)


def test_a_proxy_s_own_page_for_an_origin_is_its_rule():
    page = "403 Forbidden; Server: nginx | <hr><center>nginx</center>"
    lines = ("start backends=1", "base: 101", f"origin: {page}", f"origin-other: {page}", "backend: 101")
    found = conclusions(Section("", (*lines, "backend-origin: 101"), "").trace())[0]
    assert (found.id, "a rule of nginx refuses requests with this Origin" in found.text) == (
        "blocked-by-rule",
        True,
    )


@pytest.mark.parametrize(
    ("body", "id"),
    [
        ("Missing Origin header", "origin-lost"),
        ("Unknown origin", "origin-refused"),
        ("not allowed origin", "origin-refused"),
        ("Invalid or missing Origin header", "origin-refused"),
        ("Origin is missing from the allow list", "origin-refused"),
        ("Origin http://other.example refused", "origin-changed"),
        ("Origin refused. Read https://docs.example/origins", "origin-refused"),
        ("Origin refused. Allowed: https://chat.example", "origin-refused"),
        ("Origin refused, please use https://chat.example", "origin-refused"),
    ],
)
def test_a_proxy_drops_or_rewrites_origin_only_where_the_words_show_it(body, id):
    lines = ("start origin", f"base: 403 Forbidden | {body}", "get: 404 Not Found | none", "no-origin: = base")
    assert conclusions(Section("", lines, "").trace())[0].id == id


def test_an_application_that_requires_an_origin_gets_none_from_a_proxy():
    lines = (
        "start backends=1",
        "base: 403 Forbidden | Origin required",
        "get: 400 Bad Request | no",
        "origin: 403 Forbidden | Origin refused",
        "backend: 403 Forbidden | Origin required",
        "backend-origin: 101",
    )
    found = conclusions(Section("", lines, "").trace())[0]
    assert (found.id, "adds" in found.text, "or a rule of the proxy" in found.text) == (
        "host-changed",
        False,
        True,
    )


def test_lines_for_an_application_with_tls_use_tls():
    lines = (
        "start tls backends=1",
        "base: 404 Not Found; Server: nginx | <hr><center>nginx</center>",
        "get: = base",
        "backend: 101",
        "backend-get: 426 Upgrade Required | no",
    )
    fix = conclusions(Section("", lines, "").trace())[0].fix
    assert "proxy_pass https://b1:8001;" in fix
    assert fix.endswith("b1:8001 speaks TLS: the proxy must use TLS to it too.")


# -- quotes


@pytest.mark.parametrize("rows", [row, audit_row])
def test_a_quote_without_room_is_left_out_and_not_cut(rows):
    body = "Failed to open a WebSocket connection: invalid Connection header: close."
    seen = Trace(begin(), {"base": got({**NOT_FOUND, "body_start": body})})
    whole = text_of(rows("base", seen, Look())[0])
    begins, quote, _ = whole.partition(' "')
    assert quote
    for width in range(len(begins), len(begins) + 30):
        shown = text_of(rows("base", seen, Look(terminal=True, width=width))[0])
        assert len(shown) <= width
        assert shown.rstrip() == begins.rstrip() or (shown.startswith(begins) and shown.endswith(' ..."'))


@every(range(60, 140))
def test_a_quote_is_closed_and_cut_between_words(width):
    body = "No WebSocket UPGRADE hdr: None  Can Upgrade only to WebSocket: hdr version unknown, and so on"
    seen = Trace(begin(), {"base": got({**NOT_FOUND, "body_start": body}), "get": got(FORBIDDEN)})
    look, found = Look(terminal=True, width=width), conclusions(seen)[0]
    shown = concluded((found,), seen, Choice(), look)
    begins = [text_of(each) for each in shown if text_of(each).startswith("  base ")]
    for line in (*begins, *(text_of(each) for each in row("base", seen, look))):
        assert len(line) <= width
        quote = line.partition(' "')[2]
        if quote:
            kept = quote.removesuffix(' ..."')
            assert quote.endswith(' ..."')
            assert set(kept.split()) <= set(body.split())
