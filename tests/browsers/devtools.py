"""A headless Chromium of a test, spoken to by the DevTools protocol over a WebSocket."""

import json
import shutil
import subprocess
from contextlib import contextmanager

from websockets.sync.client import connect

from wsprobe.lab.installed import CHROMIUM as FLAGS

CHROMIUM = shutil.which("chromium")
LOOPBACK_ONLY = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"


@contextmanager
def chromium(home):
    """A connection to a browser with this profile."""
    words = [CHROMIUM, *FLAGS, "--no-sandbox", LOOPBACK_ONLY, "--remote-debugging-port=0"]
    words += [f"--user-data-dir={home}", "about:blank"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            url = next(line.split()[-1] for line in process.stderr if "DevTools listening on" in line)
            with connect(url, max_size=None, proxy=None) as connection:
                yield connection
        finally:
            process.kill()


def call(connection, method, session="", **params):
    """What the browser answers to a call."""
    message = {"id": 1, "method": method, "params": params} | ({"sessionId": session} if session else {})
    connection.send(json.dumps(message))
    while (answer := json.loads(connection.recv(timeout=120))).get("id") != 1:
        pass
    assert "result" in answer, (method, answer)
    return answer["result"]


def opened(connection, url):
    """A new tab at *url*: the target, and its session."""
    target = call(connection, "Target.createTarget", url=url)["targetId"]
    session = call(connection, "Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    call(connection, "Page.enable", session)
    return target, session


def value(connection, session, code):
    """What an expression is worth, once its promise is fulfilled."""
    asked = {"expression": code, "awaitPromise": True, "returnByValue": True}
    result = call(connection, "Runtime.evaluate", session, **asked)
    assert "exceptionDetails" not in result, result
    return result["result"].get("value")
