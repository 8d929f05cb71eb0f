"""The page of the lab from the server's side: its routes, what they say, and who may have them."""

import json
import sys

import msgspec
import pytest
import trio

from tests.lab.conftest import in_lab
from wsprobe.exchange import Limits, Plan, Received
from wsprobe.lab import find, load
from wsprobe.lab.measured import Browser, Measured, limits_of, predicted
from wsprobe.lab.server import serve
from wsprobe.lab.site import FRONT, Site
from wsprobe.lab.staging import elsewhere, with_script
from wsprobe.net.probe import probe
from wsprobe.read.request import RequestReader
from wsprobe.request import opening, target

CHROMIUM = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)
HTML = "Accept: text/html,application/xhtml+xml"
JSON = "Content-Type: application/json"


class Answer:
    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split(" ")[1])
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def json(self):
        return json.loads(self.body)


async def ask(lab, path, *lines, host="", method="GET", body=b""):
    """The answer to one request; *host*: the Host field, the lab's own unless given. ``/-/@/`` in *path* is
    where the parts of the page are."""
    path = path.replace("/-/@/", getattr(lab._front, "_prefix", ""))
    port = lab.ports["plain"]
    head = [f"{method} {path} HTTP/1.1", f"Host: {host or f'127.0.0.1:{port}'}", *lines]
    if body:
        head.append(f"Content-Length: {len(body)}")
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    async with stream:
        await stream.send_all("".join(f"{line}\r\n" for line in head).encode("latin-1") + b"\r\n")
        if body:
            await stream.send_all(body)
        raw = b"".join([data async for data in stream])
    return Answer(raw)


def run(site, work):
    async def bounded():
        with trio.fail_after(60):
            async with serve(front=site) as lab:
                await work(lab)

    trio.run(bounded)


def seen(name, engine="chromium"):
    """What a page would see where the view is right."""
    scenario = find(name)
    view = predicted(engine, scenario, "127.0.0.1", next(limits_of(scenario)))
    return msgspec.structs.replace(view.says, console=None)


def encoded(value):
    return msgspec.json.encode(value)


@in_lab(front=Site())
async def test_the_page_is_for_whoever_prefers_html(lab):
    page = await ask(lab, "/", HTML)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"{prefix}" not in page.body
    listed = await ask(lab, "/")
    assert listed.headers["content-type"] == "text/plain; charset=utf-8"
    assert b"/s/status" in listed.body or b"/s/403" in listed.body


@in_lab(front=Site())
async def test_nothing_of_the_page_comes_from_elsewhere(lab):
    page = await ask(lab, "/", HTML)
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-src"].startswith("http://127.0.0.1:* https://127.0.0.1:* http://localhost:*")
    files = [word.split(b'"')[0] for word in page.body.replace(b"href=", b"src=").split(b'src="')[1:]]
    loaded = [name.decode() for name in files if not name.startswith((b"#", b"data:"))]
    assert sorted(name.rpartition("/")[2] for name in loaded) == ["page.js", "run.js", "style.css"]
    for name in loaded:
        found = await ask(lab, name)
        assert found.status == 200
        assert found.headers["x-content-type-options"] == "nosniff"
        assert b"innerHTML" not in found.body
        assert b"eval(" not in found.body


@in_lab(front=Site())
async def test_what_the_page_shows_first(lab):
    found = (await ask(lab, "/-/@/scenarios", f"User-Agent: {CHROMIUM}")).json
    assert found["browser"] == {
        "name": "chromium",
        "version": "156.0.0.0",
        "title": "Chromium 156",
        "engine": "chromium",
    }
    assert {one["name"] for one in found["scenarios"]} == set(load())
    assert [name for name in found["front"] if name not in load()] == []
    assert found["hosts"] == ["127.0.0.1"]
    assert [one["name"] for one in found["engines"]] == ["chromium", "firefox", "webkitgtk"]


def test_the_question_is_five_failures_and_one_answer():
    told = [[event.type for event in seen(name).events] for name in FRONT]
    assert told == [["error", "close"]] * 5 + [["open", "close"]]


@in_lab(front=Site())
async def test_a_scenario_is_played_to_the_page_and_held_against_the_views(lab):
    agent = f"User-Agent: {CHROMIUM}"
    job = (await ask(lab, "/-/@/job/403", agent)).json
    assert job["url"] == f"ws://127.0.0.1:{lab.ports['plain']}/s/403"
    assert job["stage"] == "/?stage=403"
    stage = await ask(lab, job["stage"], HTML)
    assert b"function measure(" in stage.body
    assert "content-security-policy" not in stage.headers
    to = target.parse(job["url"])
    offer = opening.Offer(key="dGhlIHNhbXBsZSBub25jZQ==", headers=(agent,))
    exchange = await probe(Plan(to, opening.request(to, offer), limits=Limits(max_time=10)))
    sent = b"".join(event.data for event in exchange.events if isinstance(event, Received))
    held = (await ask(lab, "/-/@/held", agent, JSON, method="POST", body=encoded(seen("403")))).json
    assert [row["differences"] for row in held["engines"]] == [[], [], []]
    assert "status 403" in held["engines"][0]["hidden"]
    (connection,) = held["wire"]
    shown = "".join(text + end for deed in connection["deeds"] for text, end in deed["lines"])
    assert shown == sent.decode("ascii").replace("\r", "\\r").replace("\n", "\\n")
    assert connection["request"][0] == ["GET /s/403 HTTP/1.1", "\\r\\n"]


@in_lab(front=Site())
async def test_what_differs_is_said(lab):
    body = encoded(seen("wss-unknown-ca", "firefox"))
    held = (await ask(lab, "/-/@/held", JSON, method="POST", body=body)).json
    chromium, firefox, _ = held["engines"]
    assert firefox["differences"] == []
    assert len(chromium["differences"]) == 1
    assert "code=1015" in chromium["differences"][0]
    assert "code=1006" in chromium["differences"][0]


@pytest.mark.parametrize("path", ["/?stage=403", "/page"])
@in_lab(front=Site())
async def test_a_stage_obeys_only_the_page_that_knows_the_key(lab, path):
    """Any page may have a stage in a frame, and a stage opens sockets, and runs code, with the lab's origin."""

    job = (await ask(lab, "/-/@/job/sandboxed-page")).json
    assert f'event.data.key !== "{job["key"]}"'.encode() in (await ask(lab, path, HTML)).body


def test_the_key_is_another_one_each_time():
    assert len({Site()._prefix for _ in range(8)}) == 8


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("word", ["job/403", "held", "keep", "scenarios", "page.js", "visit/x"])
@in_lab(front=Site(keep=[].append))
async def test_nothing_changes_for_a_page_without_the_key(lab, word, method):
    for path in (f"/-/{word}", f"/-/x/{word}"):
        answer = await ask(lab, path, JSON, method=method, body=b"{}" if method == "POST" else b"")
        assert answer.status == 403


@in_lab(front=Site())
async def test_a_page_of_its_own_stands_where_the_scenario_has_it(lab):
    name = "sandboxed-page"
    job = (await ask(lab, f"/-/@/job/{name}")).json
    assert job["stage"] == f"http://127.0.0.1:{lab.ports['plain']}/page"
    stage = await ask(lab, "/page", HTML)
    assert stage.headers["content-security-policy"] == with_script(load()[name].page.csp)
    blocked = await ask(lab, "/?stage=csp-connect-src-none", HTML)
    assert blocked.headers["content-security-policy"].startswith("connect-src 'none';")


@pytest.mark.parametrize("path", ["/", "/-/@/job/ok"])
@pytest.mark.parametrize("host", ["[127.0.0.1]", "[::1]:80", "[::]", "[fe80::1.2]", "[....]:0", "[:]"])
@in_lab(front=Site(names=None))
async def test_a_host_in_brackets_breaks_nothing(lab, path, host):
    """``Host: [127.0.0.1]`` once ended the lab: an address of version 4 belongs in no brackets."""

    assert (await ask(lab, path, HTML, host=host)).status in (200, 404)


@in_lab(front=Site(names=()))
async def test_a_host_writes_no_policy(lab):
    """The page's Content-Security-Policy names its host, which here ends in another directive."""

    answer = await ask(lab, "/", HTML, host="localhost:1; script-src *:1")
    assert (answer.status, answer.headers["content-security-policy"]) == (421, "sandbox")


@pytest.mark.parametrize(
    ("host", "secure", "page"),
    [("127.0.0.1:80", False, True), ("127.0.0.1:80", True, False), ("a/b", False, False), ("", False, False)],
)
def test_the_page_comes_in_the_clear_and_for_a_host_that_its_urls_can_have(host, secure, page):
    asked = RequestReader().receive(f"GET / HTTP/1.1\r\nHost: {host}\r\n{HTML}\r\n\r\n".encode())

    async def work(lab):
        assert (await Site(names=None).answer(lab, asked, secure) is not None) == page

    run(Site(names=None), work)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/-/@/job/403", 200),
        ("/-/@/job/403?host=localhost:1", 404),
        ("/-/@/job/no-such", 404),
        ("/-/@/job/403?host=127.0.0.1", 200),
        ("/-/@/job/403?host=[::1]", 200),
        ("/-/@/job/403?host=::1", 200),
        ("/-/@/job/403?host=evil.example", 404),
        ("/-/@/job/403?host=a/b", 404),
    ],
)
@in_lab(front=Site(names=("127.0.0.1",)))
async def test_a_job_is_a_scenario_at_a_name_of_this_lab(lab, path, status):
    assert (await ask(lab, path)).status == status


@pytest.mark.parametrize("path", ["/", "/s/ok", "/-/@/scenarios", "/status/403"])
@in_lab(front=Site(names=()))
async def test_another_host_gets_421(lab, path):
    plain = await ask(lab, path, HTML, host="evil.example")
    upgrade = await ask(lab, path, "Upgrade: websocket", "Connection: Upgrade", host="evil.example")
    assert (plain.status, upgrade.status) == (421, 421)
    assert b"--allow-host evil.example" in plain.body


@in_lab(front=Site())
async def test_a_private_lab_answers_to_any_name(lab):
    assert (await ask(lab, "/s/403", "Upgrade: websocket", host="evil.example")).status == 403


@pytest.mark.parametrize("path", ["/", "/?token=wrong", "/-/scenarios", "/-/page.js", "/-/wrong/scenarios"])
@in_lab(front=Site(names=(), addresses=True, token="s3cret"))
async def test_nothing_of_the_page_without_its_token(lab, path):
    assert (await ask(lab, path, HTML)).status == 403


def test_the_page_with_its_token():
    async def work(lab):
        page = await ask(lab, "/?token=s3cret", HTML)
        assert page.status == 200
        assert b'src="/-/s3cret/page.js"' in page.body
        assert (await ask(lab, "/-/s3cret/page.js")).status == 200
        job = (await ask(lab, "/-/s3cret/job/403")).json
        assert (await ask(lab, job["stage"], HTML)).status == 200
        assert (await ask(lab, "/s/403", "Upgrade: websocket")).status == 403

    site = Site(names=(), addresses=True, token="s3cret")
    assert site.page_url("192.0.2.1", 80) == "http://192.0.2.1:80/?token=s3cret"
    run(site, work)


def test_what_a_run_found_is_put_together_and_handed_on():
    kept = []
    browser = Browser("safari", "18.5", "Mozilla/5.0", "0", "http://127.0.0.1/")
    first, last = seen("403"), seen("close-4403")

    async def work(lab):
        for some, is_last in ((first, False), (last, True)):
            part = {"run": "1", "browser": browser, "seen": [some], "last": is_last}
            answer = await ask(lab, "/-/@/keep", JSON, method="POST", body=encoded(part))
            assert answer.status == 200

    run(Site(keep=kept.append), work)
    assert kept == [Measured(browser, {"403": first, "close-4403": last})]


@pytest.mark.parametrize(
    ("lines", "body", "status"),
    [
        ((JSON,), b"{", 400),
        ((JSON,), b'{"a":' * 50_000, 400),
        ((JSON,), b"[" * 100_000, 400),
        ((JSON,), b'{"scenario": "no such", "exception": null, "url": "", "events": [], "readyState": 3}', 400),
        (("Content-Type: text/plain",), b"{}", 403),
        ((JSON, "Origin: http://evil.example"), b"{}", 403),
    ],
)
@in_lab(front=Site())
async def test_what_is_not_the_page_s_is_refused(lab, lines, body, status):
    assert (await ask(lab, "/-/@/held", *lines, method="POST", body=body)).status == status
    assert (await ask(lab, "/-/@/keep", JSON, method="POST", body=b"{}")).status == 404


def test_what_is_at_an_address_where_the_lab_is_not_is_left_out():
    one = ("127.0.0.1",).__contains__
    left = [each.name for each in load().values() if elsewhere(each, "127.0.0.1", one)]
    assert [each for each in left if not each.startswith("lna-")] == ["https-page-ws-127.9"]


def test_without_trustme_what_speaks_tls_is_left_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "trustme", None)

    async def work(lab):
        scenarios = (await ask(lab, "/-/@/scenarios")).json["scenarios"]
        left = {one["name"]: one["left"] for one in scenarios if one["left"]}
        assert "needs trustme" in left["wss-ok"]
        assert "403" not in left
        assert (await ask(lab, "/-/@/authority.pem")).status == 503

    run(Site(), work)
