import json

import msgspec
import pytest

from tests import cases
from wsprobe import explain
from wsprobe.cli.main import run
from wsprobe.cli.paste import url_in
from wsprobe.diagnosis.kinds import KINDS as CAUSES
from wsprobe.explain import UnknownTopic
from wsprobe.judge import FINDINGS
from wsprobe.report.outcome import TABLE, Exit

KINDS = {
    "HTTP/1.1 403 Forbidden": ("HTTP status", "403 Forbidden"),
    "403 forbidden": ("HTTP status", "403 Forbidden"),
    "1006 (Abnormal Closure)": ("close code", "1006 Abnormal Closure"),
    "permessage-deflate": ("header", "Sec-WebSocket-Extensions"),
    # topic: (kind, title begins with)
    "1000": ("close code", "1000 Normal Closure"),
    "1006": ("close code", "1006 Abnormal Closure"),
    "1015": ("close code", "1015 TLS handshake"),
    "3000": ("close code", "3000 Unauthorized"),
    "3003": ("close code", "3003 Forbidden"),
    "3008": ("close code", "3008 Timeout"),
    "4400": ("close code", "4400 Bad Request"),
    "4401": ("close code", "4401 Unauthorized"),
    "4403": ("close code", "4403 Forbidden"),
    "4406": ("close code", "4406 Subprotocol Not Acceptable"),
    "4408": ("close code", "4408 Initialisation Timeout"),
    "4409": ("close code", "4409 Subscriber Already Exists"),
    "4429": ("close code", "4429 Too Many Requests"),
    "4500": ("close code", "4500 Internal Server Error"),
    "1016": ("close code", "1016 reserved for the protocol"),
    "3999": ("close code", "3999 for libraries"),
    "4999": ("close code", "4999 for private use"),
    "5000": ("close code", "5000 outside every range"),
    "close 0": ("close code", "0 not used"),
    "close code 1006": ("close code", "1006"),
    "101": ("HTTP status", "101 Switching Protocols"),
    "403": ("HTTP status", "403 Forbidden"),
    "status 403": ("HTTP status", "403 Forbidden"),
    "HTTP 403": ("HTTP status", "403 Forbidden"),
    "418": ("HTTP status", "418 refused: the request"),
    "299": ("HTTP status", "299 success, as HTTP"),
    "399": ("HTTP status", "399 redirection"),
    "599": ("HTTP status", "599 refused: the server"),
    "102": ("HTTP status", "102 interim"),
    "999": ("HTTP status", "999 no class"),
    "12": ("exit status", "refused"),
    "exit 12": ("exit status", "refused"),
    "exit": ("exit status", "outcomes and exit statuses"),
    "exit status": ("exit status", "outcomes and exit statuses"),
    "130": ("exit status", "interrupted"),
    "status 130": ("HTTP status", "130 interim"),
    "refused": ("outcome", "refused"),
    "invalid": ("outcome", "invalid"),
    "accept-mismatch": ("finding", "Sec-WebSocket-Accept is wrong"),
    "finding unresolved": ("finding", ""),
    "outcome unresolved": ("outcome", "unresolved"),
    "hybi-07": ("revision", "draft-ietf-hybi-thewebsocketprotocol-07"),
    "HyBi-07": ("revision", "draft-ietf-hybi-thewebsocketprotocol-07"),
    "r1.271": ("revision", "W3C API draft, revision 1.271"),
    "r6330": ("revision", "WHATWG r6330"),
    "rfc6455": ("revision", "RFC 6455"),
    "rfc7692": ("revision", "RFC 7692"),
    "rfc8441": ("revision", "RFC 8441"),
    "rfc6455-4.1": ("section", "RFC 6455 section 4.1"),
    "whatwg-4": ("section", "WHATWG WebSockets section 4"),
    "history": ("history", "what a refused handshake meant"),
    "rule-connection": ("rule", "Connection"),
    "catch-all": ("rule", "Whatever else does not conform"),
    "contradiction-status": ("contradiction", "A status other than 101"),
    "is-403-among-them": ("question", "Is a 403"),
    "RFC 6455": ("revision", "RFC 6455"),
    "rfc6455 4.1": ("section", "RFC 6455 section 4.1"),
    "RFC 6455 section 4.1, item 4": ("section", "RFC 6455 section 4.1"),
    "RFC 6455 sections 7.1.5 and 7.2.1": ("section", "RFC 6455 section 7.1.5"),
    "RFC 6455 section 4.1.1": ("section", "RFC 6455 section 4.1"),
    "RFC 6455 section 3": ("revision", "RFC 6455"),
    "section 7.4.1": ("section", "RFC 6455 section 7.4.1"),
    "https://www.rfc-editor.org/rfc/rfc6455#section-4.1": ("section", "RFC 6455 section 4.1"),
    "WHATWG WebSockets section 4": ("section", "WHATWG WebSockets section 4"),
    "draft-hixie-thewebsocketprotocol-76 section 4.1": ("revision", "draft-hixie-thewebsocketprotocol-76"),
    "Sec-WebSocket-Accept": ("header", "Sec-WebSocket-Accept"),
    "wasClean": ("script", "CloseEvent.wasClean"),
    "event.wasClean": ("script", "CloseEvent.wasClean"),
    "readystate": ("script", "WebSocket.readyState"),
    "onerror": ("script", "the error event of a WebSocket"),
    "mixed content": ("script", "mixed content"),
    "mixed-content": ("script", "mixed content"),
    "keep alive": ("script", "Ping and Pong frames"),
    "handshake": ("protocol", "the opening handshake"),
    "Opening Handshake": ("protocol", "the opening handshake"),
    "fragmentation": ("protocol", "fragmentation: "),
    "continuation frame": ("protocol", "fragmentation: "),
    "masking": ("protocol", "masking: "),
    "close code": ("protocol", "the closing handshake"),
    "wss://": ("protocol", "ws: and wss:"),
    "tls": ("protocol", "ws: and wss:"),
    "Strict-Transport-Security": ("protocol", "HSTS"),
    "socket.io": ("protocol", "Socket.IO"),
    "Engine.IO": ("protocol", "Socket.IO"),
    "load-balancer": ("protocol", "the idle limit"),
    "CONNECT": ("protocol", "a proxy configured in the client"),
    "http 2": ("protocol", "WebSockets over HTTP/2"),
    "http 3": ("protocol", "WebSockets over HTTP/3"),
    "h3": ("protocol", "WebSockets over HTTP/3"),
    "http2": ("protocol", "WebSockets over HTTP/2"),
    "retry": ("protocol", "connecting again"),
    "cookies": ("header", "Cookie and Set-Cookie"),
    "JWT": ("header", "Authorization"),
    "graphql": ("script", "the subprotocol"),
    "CSP": ("script", "connect-src"),
    "Cloudflare": ("program", "Cloudflare"),
    "SignalR": ("program", "SignalR"),
    "blazor": ("program", "SignalR"),
    "Phoenix": ("program", "Phoenix"),
    "action cable": ("program", "Rails Action Cable"),
    "ActionCable": ("program", "Rails Action Cable"),
    "kubernetes": ("program", "Kubernetes"),
    "k8s": ("program", "Kubernetes"),
    "ingress": ("program", "an ingress"),
    "vite": ("program", "Vite"),
    "webpack": ("program", "webpack-dev-server"),
    "custom headers": ("script", "headers of your own"),
    "Sec-Fetch-Site": ("header", "Sec-Fetch-Site"),
    "sec-fetch": ("header", "Sec-Fetch-Site"),
    "SSE": ("script", "server-sent events"),
    "EventSource": ("script", "server-sent events"),
    "CloseEvent {isTrusted: true, wasClean: false, code: 1006, reason: ''}": ("close code", "1006"),
    '{"type":"close","code":4403,"reason":"no","wasClean":true}': ("close code", "4403"),
    "CloseEvent {isTrusted: true, wasClean: false}": ("script", "CloseEvent.wasClean"),
    "{isTrusted: true}": ("script", "the error event"),
    '{"isTrusted":true}': ("script", "the error event"),
    "Event {isTrusted: true, type: 'error', target: WebSocket}": ("script", "the error event"),
    "[object Event]": ("script", "the error event"),
    "readyState 3": ("script", "WebSocket.readyState 3 (CLOSED)"),
    "readyState: 0": ("script", "WebSocket.readyState 0 (CONNECTING)"),
    "socket.readyState === 2": ("script", "WebSocket.readyState 2 (CLOSING)"),
    "remedy": ("remedy", "how a server lets a page know"),
    "remedy asgi": ("remedy", "a middleware for every ASGI application"),
    "Remedy uvicorn": ("remedy", "a middleware for every ASGI application"),
    "origin": ("header", "Origin"),
    "Upgrade header": ("header", "Upgrade"),
    "Sec-WebSocket-Version: 13": ("header", "Sec-WebSocket-Version"),
    "rule upgrade": ("rule", "Upgrade"),
    "lab:403": ("scenario", "403"),
    "lab:accept-then-close-4403": ("scenario", "accept-then-close-4403"),
    "upgrade-case-UPPER": ("scenario", "upgrade-case-UPPER"),
}

STATUSES = (
    *(101, 200, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 407, 421, 426, 429, 431, 500, 502, 503, 504),
    *range(520, 528),
)


@cases.every(KINDS.keys())
def test_found(topic):
    kind, title = KINDS[topic]
    entry = explain.find(topic)
    assert entry.kind == kind
    assert entry.title.startswith(title)


@pytest.fixture(scope="module")
def every():
    return {topic: explain.find(topic) for topic in explain.all_topics()}


def test_every_topic_is_found_again(every):
    assert len(every) > 600
    for topic, entry in every.items():
        assert entry.text or entry.facts, topic
        assert explain.find(entry.topic) == entry


def test_every_hint_leads_somewhere(every):
    for topic in {hint for entry in every.values() for hint in entry.see_also}:
        assert explain.find(topic)


def test_every_text_is_ascii_in_80_columns(every):
    for topic, entry in every.items():
        assert entry.code.isascii()
        assert max((len(line) for line in entry.code.splitlines()), default=0) <= 100
        for line in explain.text(msgspec.structs.replace(entry, code="")).splitlines():
            assert line.isascii()
            assert line == line.rstrip() or not line.strip(), topic
            assert len(line) <= 80 or " " not in line.strip(), line


def test_every_value_is_json(every):
    for entry in every.values():
        value = json.loads(json.dumps(explain.value(entry)))
        assert list(value) == ["topic", "kind", "title", "text", "facts", "see_also", "code"]


def test_every_outcome_and_exit_status():
    for row in TABLE:
        assert explain.find(f"exit {row.status.value}").kind == "exit status"
        if row.outcome:
            entry = explain.find(row.outcome)
            assert ("exit status", str(row.status.value)) in entry.facts
    assert len(explain.find("exit").facts) == len(Exit)


def test_every_finding():
    for id, row in FINDINGS.items():
        entry = explain.find(f"finding {id}")
        assert entry.kind == "finding"
        assert entry.text == (row.meaning,)


def test_what_a_finding_cites_of_a_websocket_specification_is_found():
    """A reader pastes what stands under a finding. The specifications of HTTP and TLS are not told here."""
    for row in FINDINGS.values():
        for cited in row.spec.split("; "):
            if cited.startswith(("RFC 6455", "RFC 7692", "draft-hixie", "WHATWG")):
                assert explain.find(cited).kind in ("section", "revision"), cited


def test_a_number_alone_is_no_section():
    for asked in ("4.1", "12 monkeys", "RFC 9110 section 15"):
        with pytest.raises(UnknownTopic):
            explain.find(asked)


def test_every_registered_close_code():
    for code in (*range(1000, 1016), 3000, 3003, 3008):
        assert "not registered" not in explain.find(str(code)).text[0]


@pytest.mark.parametrize("status", STATUSES)
def test_statuses_have_an_entry_of_their_own(status):
    assert str(status) in explain.all_topics()
    facts = dict(explain.find(str(status)).facts)
    assert facts["usually"]
    assert facts["what to do"]
    assert facts["browsers"]


def test_scenarios_of_codes_and_statuses_exist():
    from wsprobe.diagnosis.statuses import CLASSES, STATUSES
    from wsprobe.explain.entry import load
    from wsprobe.explain.tables import _TERMS
    from wsprobe.lab import aliases, names

    known = {*names(), *aliases()}
    files = map(load, ("close_codes", *_TERMS))
    rows = [row for file in files for table in file.values() for row in table]
    for row in rows:
        assert {*row.get("scenarios", ()), *row.get("lab", ())} <= known, row["name"]
    for meaning in (*STATUSES.values(), *CLASSES.values()):
        assert {*meaning.scenarios} <= known, meaning.name


def test_each_other_name_leads_to_one_topic():
    from wsprobe.explain.entry import load
    from wsprobe.explain.tables import _TERMS, other_names

    rows = [row for name in ("headers", *_TERMS) for table in load(name).values() for row in table]
    assert len(other_names()) == sum(len(row.get("other", ())) for row in rows)
    for other, topic in other_names().items():
        found = explain.find(other)
        assert found.topic == topic or (found.topic == other and topic in found.see_also), other


def test_an_id_leads_to_its_own_topic_first():
    """Another topic of the same word is named below; an outcome comes before the cause of its name."""
    for kind, ids in (("finding", FINDINGS), ("cause", CAUSES)):
        for id in ids:
            found = explain.find(id)
            assert found.topic == id
            assert found.kind == kind or f"{kind} {id}" in found.see_also
    assert "error event" in explain.find("error").see_also
    assert "rule-redirect" in explain.find("redirect").see_also
    assert explain.find("Closing").topic == "closing handshake"


@pytest.mark.parametrize(
    ("word", "topic"),
    [(word, word) for word in ("lab", "recording", "finding", "cause", "view", "http_proxy", "outcome")]
    + [("likely", "cause"), ("NO_PROXY", "http_proxy"), ("warn", "finding")],
)
def test_words_of_wsprobes_own_output(word, topic):
    found = explain.find(word)
    assert (found.topic, found.kind) == (topic, "wsprobe")


def test_no_number_is_left_out():
    for number in (100, 299, 600, 1004, 2999, 65535):
        assert explain.find(str(number))


@pytest.mark.parametrize(
    ("topic", "near"),
    [
        ("403 nonsense", "403"),
        ("hybi-7", "hybi-07"),
        ("accept-missmatch", "accept-mismatch"),
        ("rfc6455-4", "rfc6455-4.1"),
        ("refuse", "refused"),
        ("histroy", "history"),
        ("1O06", "1006"),
        ("masked frames", "masking"),
        ("heartbeats", "ping"),
        ("wss not working", "wss"),
        ("sec-websocket-key gone", "Sec-WebSocket-Key"),
        ("http 99", "no such topic: 'http 99'"),
        ("hand shake", "handshake"),
        ("load balancers", "idle timeout"),
        ("bad gatewey", "502 (Bad Gateway), 1014 (Bad Gateway)"),
        ("policy violation", "1008 (Policy Violation)"),
        ("closed before the connection", '"WebSocket is closed before the connection is established."'),
    ],
)
def test_unknown_topics_suggest_the_nearest(topic, near):
    with pytest.raises(UnknownTopic) as caught:
        explain.find(topic)
    assert near in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("topic", ["banana", "hello world", "the quick brown fox", "x", "wz", "?"])
def test_nothing_is_suggested_for_what_is_like_nothing(topic):
    with pytest.raises(UnknownTopic) as caught:
        explain.find(topic)
    assert str(caught.value) == f"no such topic: {topic!a}; --list shows all topics"


@pytest.mark.parametrize(
    ("topic", "said"),
    [
        ("", "the topic is empty: give one, or list all with --list"),
        (" \t", "the topic is empty: give one, or list all with --list"),
        ("99999", "99999 is not an exit status, an HTTP status or a close code"),
    ],
)
def test_what_no_topic_can_be(topic, said):
    with pytest.raises(UnknownTopic) as caught:
        explain.find(topic)
    assert str(caught.value) == said


def test_a_phrase_of_a_failure_is_no_scenario():
    """lab:connection-refused is one."""
    assert explain.find("connection refused").see_also == ("connect-refused",)


def test_spaces_are_as_good_as_hyphens():
    assert explain.find("accept mismatch") == explain.find("accept-mismatch")


@pytest.mark.parametrize("topic", ["", " ", "99", "70000", "no such thing", "\x1b[31m", "close x", "lab:"])
def test_unknown(topic):
    with pytest.raises(UnknownTopic) as caught:
        explain.find(topic)
    assert str(caught.value).isprintable()
    assert str(caught.value).isascii()


def test_a_scenario_says_how_it_goes_in_older_versions():
    facts = dict(explain.find("lab:hixie-76-wrong-challenge").facts)
    assert facts["invalid in hixie-76"] == "wsprobe connect --wire hixie-76 lab:hixie-76-wrong-challenge"


def test_each_topic_is_listed_once_below_its_kind(capsys):
    assert run(["explain", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if not line.startswith("  ")] == [f"{kind}:" for kind in explain.groups()]
    listed = [line.strip() for line in lines if line.startswith("  ")]
    assert run(["explain", "--list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"topics": listed}
    assert len(set(listed)) == len(listed)
    assert set(listed) == {topic for topics in explain.groups().values() for topic in topics}


@pytest.mark.parametrize(
    ("topic", "nearest", "same"),
    [
        ("connectlon refused", "connection refused", "connection refused"),
        ("Error during WebSocket handshake: 'Upgrade' header is mlssing", "missing", "upgrade-missing"),
        ("Unexpected response code: 4O3", "Unexpected response code: 403", "403"),
        ("1O06", "1006", "close 1006"),
        ("accept-missmatch", "accept-mismatch", "accept-mismatch"),
        ("Error: connect ECONNREFUSED ::1:80", "", "connect-refused"),
    ],
)
def test_a_misread_letter_is_no_other_topic(topic, nearest, same):
    entry, found = explain.find_nearest(topic)
    assert nearest in found
    assert bool(found) == bool(nearest)
    assert same in {entry.topic, *entry.see_also} or entry == explain.find(same)


@pytest.mark.parametrize("quotes", ['"{}"', "'{}'", "`{}`", "\u201c{}\u201d", "\u00ab {} \u00bb"])
def test_quotes_around_a_pasted_text(quotes):
    assert explain.find(quotes.format("403 Forbidden")) == explain.find("403 Forbidden")


def test_the_first_known_of_several_lines():
    pasted = "my colleague sent me this\n\nhybi-07\nand then my coffee was cold\n"
    assert explain.find_nearest(pasted) == (explain.find("hybi-07"), "")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("Failed: https://app.example/hub. See https://aka.ms/x for help", "https://app.example/hub"),
        ("error; for more details: https://socket.example/why", None),
        ("at https://app.example/static/main.js:12:5 failed", None),
        ("see https://docs.example/x: WebSocket connection to 'wss://a.example/' failed", "wss://a.example/"),
        ("fetch https://developer.mozilla.org/CloseEvent 1006", None),
    ],
)
def test_the_url_of_the_socket_is_offered(text, url):
    assert url_in(text) == url
