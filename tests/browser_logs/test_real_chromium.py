"""A NetLog that an installed Chromium writes now, about scenarios of the lab."""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from wsprobe.browser_logs.netlog import NetLog
from wsprobe.lab.background import BackgroundLab
from wsprobe.report import report

pytestmark = pytest.mark.engines

OUTCOMES = {
    "status-403": ("refused", 403),
    "redirect-302": ("redirected", 302),
    "accept-wrong": ("invalid", 101),
    "close-4403": ("closed", 101),
    "fin-after-request": ("dropped", None),
}


def test_what_chromium_writes_is_read(wsprobe_lab: BackgroundLab, tmp_path: Path) -> None:
    urls = [wsprobe_lab.url(name) for name in OUTCOMES] * 8
    page, log = tmp_path / "page.html", tmp_path / "netlog.json"
    page.write_text(f"<script>for (const url of {json.dumps(urls)}) new WebSocket(url)</script>")
    chromium = shutil.which("chromium")
    assert chromium, "install chromium"
    browser = subprocess.Popen(
        [
            *(chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
            *(f"--user-data-dir={tmp_path / 'profile'}", f"--log-net-log={log}"),
            *("--net-log-capture-mode=Everything", page.as_uri()),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    read, size = NetLog(), 0
    try:
        for _ in range(600):  # at most a minute
            with suppress(subprocess.TimeoutExpired):
                browser.wait(0.1)
            data = log.read_bytes() if log.exists() else b""
            read.feed(data[size:])
            size = len(data)
            found = list(read.sockets())
            if len(found) == len(urls) and all(each.finished for each in found):
                break
    finally:
        browser.kill()
        browser.wait()
    assert not read.complete  # as of any browser that is killed
    assert sorted(each.url for each in found) == sorted(urls)  # Chromium begins them in an order of its own
    by_url = {wsprobe_lab.url(name): expected for name, expected in OUTCOMES.items()}
    for each in found:
        made = report(each.exchange)
        assert (made.outcome, made.reading.status) == by_url[each.url]
        assert not each.exchange.rebuilt
