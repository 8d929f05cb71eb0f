"""What Chromium's DevTools write is read, and what is written for them they read: their own code is run."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest
from websockets.sync.client import connect

from wsprobe.browser_logs import har
from wsprobe.cli.main import run
from wsprobe.cli.pasted import curl
from wsprobe.cli.pasted.devtools import copied
from wsprobe.cli.section import Given

CHROMIUM = shutil.which("chromium")
pytestmark = [pytest.mark.engines, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")]

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
SCRIPT = """
(async () => {
  const har = await import('./models/har/har.js');
  const network = await import('./panels/network/network.js');
  const read = new har.HARFormat.HARRoot(%s);
  const requests = har.Importer.Importer.requestsFromHARLog(read.log);
  const copy = platform => network.NetworkLogView.NetworkLogView.generateCurlCommand(requests[0], platform);
  return JSON.stringify({
    curl: [await copy('unix'), await copy('win')],
    log: await har.Log.Log.build(requests, {sanitize: false}),
    requests: requests.map(each => [each.url(), each.statusCode, each.resourceType().name(),
      each.frames().map(frame => [frame.type, frame.opCode, frame.text])]),
  });
})()
"""


@pytest.fixture
def devtools(tmp_path):
    """A page of DevTools itself, spoken to by Chromium's protocol."""
    assert CHROMIUM is not None
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--remote-debugging-port=0",
        f"--user-data-dir={tmp_path}",
    ]
    started = subprocess.Popen(
        [CHROMIUM, *options, "about:blank"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    try:
        assert started.stderr is not None
        line = next(each for each in started.stderr if "DevTools listening on " in each)
        with connect(line.partition(" on ")[2].strip(), max_size=None, proxy=None) as connection:
            yield connection
    finally:
        started.terminate()
        started.wait()
        started.stderr.close()


def call(devtools, method, session="", **params):
    said = {"id": 1, "method": method, "params": params}
    devtools.send(json.dumps(said | ({"sessionId": session} if session else {})))
    while True:
        message = json.loads(devtools.recv(timeout=60))
        if message.get("id") == 1:
            assert "error" not in message, message
            return message["result"]


def told(devtools, archive):
    """What DevTools make of a HAR file."""
    page = call(devtools, "Target.createTarget", url="devtools://devtools/bundled/devtools_app.html")[
        "targetId"
    ]
    session = call(devtools, "Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
    call(devtools, "Page.enable", session)
    while (
        call(devtools, "Runtime.evaluate", session, expression="location.protocol + document.readyState")[
            "result"
        ]["value"]
        != "devtools:complete"
    ):
        pass
    answer = call(devtools, "Runtime.evaluate", session, expression=SCRIPT % archive, awaitPromise=True)
    assert "exceptionDetails" not in answer, answer
    return json.loads(answer["result"]["value"])


def test_devtools_and_wsprobe_read_each_other(devtools, tmp_path):
    file = tmp_path / "written.har"
    assert run(["connect", "-s", "-L", "--send", "hi", "--har", str(file), "lab:redirect-302"]) == 0
    archive = json.loads(file.read_text())
    first, last = archive["log"]["entries"][0], archive["log"]["entries"][-1]
    first["request"]["url"] = URL
    first["request"]["headers"] = [{"name": name, "value": value} for name, value in HEADERS.items()]
    made = told(devtools, json.dumps(archive))

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
