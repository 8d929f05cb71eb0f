"""What Chromium's DevTools write is read, and what is written for them they read: their own code is run."""

import json

import pytest

from tests.browsers.devtools import chromium, opened, value
from tests.browsers.pages import source
from tests.browsers.there import needs
from wsprobe.browser_logs import har
from wsprobe.cli.main import run
from wsprobe.cli.option import Given
from wsprobe.cli.pasted import curl
from wsprobe.cli.pasted.devtools import copied

pytestmark = [pytest.mark.engines, needs("chromium")]

HEADERS = {
    "Origin": "https://app.example",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "chat, v2.chat",
    "X-Quotes": 'it\'s "quoted", \\"twice\\" and `more`',
    "X-Shell": "100%PATH% $HOME !x ^y &z |a <b> (c) {d} [e] ~f #g *h ?i;",
    "X-Backslashes": "C:\\temp\\new\\\\x\\",
    "X-Empty": "",
}
URL = "wss://chat.example/ws?room=a%20b&tag=[1]&set={x}&q='"
SCRIPT = source("read-har.js")


def told(home, archive):
    """What DevTools make of a HAR file."""
    with chromium(home) as devtools:
        _, session = opened(devtools, "devtools://devtools/bundled/devtools_app.html")
        while value(devtools, session, "location.protocol + document.readyState") != "devtools:complete":
            pass
        return json.loads(value(devtools, session, SCRIPT.replace("ARCHIVE", archive)))


def test_devtools_and_wsprobe_read_each_other(tmp_path):
    file = tmp_path / "written.har"
    assert run(["connect", "-s", "-L", "--send", "hi", "--har", str(file), "lab:redirect-302"]) == 0
    archive = json.loads(file.read_text())
    first, last = archive["log"]["entries"][0], archive["log"]["entries"][-1]
    first["request"]["url"] = URL
    first["request"]["headers"] = [{"name": name, "value": value} for name, value in HEADERS.items()]
    made = told(tmp_path / "profile", json.dumps(archive))

    assert [each[1:3] for each in made["requests"]] == [[302, "websocket"], [101, "websocket"]]
    assert made["requests"][1][0] == last["request"]["url"]
    assert made["requests"][1][3][:2] == [["send", 1, "hi"], ["receive", 1, "hi"]]

    for text in made["curl"]:
        pasted = curl.pasted(text)
        made_again = copied(pasted.url, pasted.lines, Given())
        assert made_again.url == URL
        assert made_again.settings.origin == "https://app.example"
        assert made_again.settings.protocols == ("chat", "v2.chat")
        assert [each for each in made_again.settings.headers if each.startswith("X-")] == [
            f"{name}: {value}" if value else f"{name};" for name, value in HEADERS.items() if name[0] == "X"
        ]

    found = har.read(json.dumps({"log": made["log"]}).encode())
    assert found.by.startswith("WebInspector ")
    assert found.entries[0].url == URL
    again = har.recording(found.entries[1], found.by)
    assert again.plan.target.url == last["request"]["url"]
