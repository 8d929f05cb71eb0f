"""`compare` from end to end: recordings, the lab, browsers, specifications, exit as diff."""

import json

from wsprobe.cli.main import run


def test_json_of_many_recordings_grows_as_they_do(capsys, tmp_path):
    many = tmp_path / "many"
    run(["connect", "-s", "--save", str(many), "lab:status-403"])
    many.write_text(many.read_text() * 101)
    assert run(["compare", "--browser", "chromium", "--json", str(many)]) == 0
    first, *rest = map(json.loads, capsys.readouterr().out.splitlines())
    assert [len(group) for group in first["tellable"]["chromium"]["groups"]] == [101]
    assert len(rest) == 100
    assert not any("tellable" in value for value in rest)


def test_a_retry_is_on_the_same_connection_and_shown(capsys, values, tmp_path):
    arguments = ["--browser", "chromium", "--page-http", "2", "lab:h2-rst-refused-twice-then-200"]
    (view,) = values("compare", *arguments, "--json")[0]["views"]
    assert view["handshakes"] == ["2", "2", "2"]
    assert view["exchange"]["hops"] == []
    assert [event["type"] for event in view["events"]] == ["open", "message", "close"]
    saved = tmp_path / "view.json"
    saved.write_text(json.dumps(view["exchange"]))
    both = values("compare", "--browser", "chromium,firefox", "--page-http", "2", "--json", str(saved))
    again, firefox = both[0]["views"]
    assert (again["handshakes"], again["events"]) == (view["handshakes"], view["events"])
    assert (firefox["handshakes"], firefox["outcome"]) == (["2"], "failed")
    run(["compare", *arguments])
    assert "over HTTP/2, sent 3 times (REFUSED_STREAM for stream 1 and stream 3)" in capsys.readouterr().out


def test_port_0_is_blocked_in_browsers_and_refused_elsewhere(values):
    """Measured in Chromium 156, Firefox ESR 153, WebKitGTK 2.54 and ws 8.23."""
    (value,) = values("compare", "--json", "--browser", "chromium,firefox,webkitgtk,ws", "ws://127.0.0.1:0/")
    *browsers, ws = value["views"]
    stories = [[event["type"] for event in view["events"]] for view in browsers]
    assert stories == [["error", "close"], ["error", "close"], ["error"]]
    assert ws["events"][0]["message"] == "connect ECONNREFUSED 127.0.0.1"
