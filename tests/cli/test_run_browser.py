"""compare --run-browser without a browser: a script stands in for one, and does what a page would."""

import json
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import pytest

from tests.cli.processes import python
from wsprobe.cli.main import run
from wsprobe.lab import guard, installed

FAKE = """#!{python}
import json, sys, urllib.request
if sys.argv[1:] == ["--version"]:
    print("Mozilla Firefox {version}esr")
    sys.exit()
assert sys.argv[1:4] == ["--headless", "--no-remote", "--profile"]
with open(sys.argv[4] + "/user.js") as file:  # the page is in no command line
    home = next(line for line in file if '"browser.startup.homepage"' in line)
url = json.loads("[" + home.strip().removeprefix("user_pref(").removesuffix(");") + "]")[1]
with urllib.request.urlopen(url + "/job") as answer:
    job = json.load(answer)
seen = {{"scenario": job["name"], "exception": None, "url": job["url"], "readyState": 3, "host": job["host"]}}
seen["events"] = [
    {{"type": "error", "rs": 3}},
    {{"type": "close", "rs": 3, "code": {code}, "reason": "", "wasClean": False}},
]
headers = {{"Content-Type": "application/json", "User-Agent": "Fake/1"}}
urllib.request.urlopen(urllib.request.Request(url, json.dumps(seen).encode(), headers)).close()
sys.stdin.read()
"""


def fake(folder, code, version="153.7.0"):
    """What --run-browser takes: a Firefox in which every socket fails with *code*."""
    path = folder / "firefox"
    path.write_text(FAKE.format(python=sys.executable, code=code, version=version))
    path.chmod(0o755)
    return f"firefox={path}"


@pytest.mark.programs
def test_predicted_and_seen_are_the_same(tmp_path, capsys):
    assert run(["compare", "--run-browser", fake(tmp_path, 1006), "lab:status-403"]) == 0
    out = capsys.readouterr().out
    assert "IN THE PAGE  Firefox\n" in out
    assert "seen in Firefox 153.7.0, a page at http://127.0.0.1:" in out
    assert "  its Origin: http://127.0.0.1:" in out
    assert out.endswith("predicted and seen: the same\n")
    assert "newer" not in out


@pytest.mark.programs
def test_a_newer_browser_is_named(tmp_path, capsys):
    run(["compare", "--run-browser", fake(tmp_path, 1006, "154.0"), "lab:status-403"])
    out = capsys.readouterr().out
    assert "\n  newer than the version that wsprobe predicts (Firefox 153): " in out


@pytest.mark.programs
def test_what_differs_is_kept_in_a_file(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    arguments = ["compare", "--json", "--browser", "chromium", "--run-browser", fake(tmp_path, 4000)]
    assert run([*arguments, "lab:status-403"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert [view["browser"] for view in report["views"]] == ["chromium", "firefox"]
    (seen,) = report["seen"]
    assert (seen["browser"], seen["version"], seen["user_agent"]) == ("firefox", "153.7.0", "Fake/1")
    assert seen["same"] is False
    assert len(seen["differences"]) == 1
    assert "code=4000" in seen["differences"][0]
    kept = json.loads(Path(seen["file"]).read_text())
    assert kept["seen"]["events"] == seen["events"]
    assert kept["exchanges"]
    assert [each.name for each in tmp_path.iterdir() if each.is_dir()] == [], "the profile is gone"


@pytest.mark.programs
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_secrets_are_masked_in_what_it_saw_and_in_the_file(form, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    secret = "kept-at-home-1234567890"
    place = f"lab:/status/403?token={secret}&body={secret}"
    assert run(["compare", "--redact", *form, "--run-browser", fake(tmp_path, 4000), place]) == 1
    said = capsys.readouterr()
    assert "4000" in said.out
    assert secret not in said.out + said.err
    (file,) = tmp_path.glob("wsprobe-differs-*.json")
    kept = file.read_text()
    assert "?token=***" in kept
    assert secret not in kept
    events = [event for exchange in json.loads(kept)["exchanges"] for event in exchange["events"]]
    recorded = b"".join(b64decode(event.get("data", "")) for event in events)
    assert b"HTTP/1.1 403" in recorded
    assert secret.encode() not in recorded


def test_webkitgtk_needs_a_display(monkeypatch, tmp_path):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    command = tmp_path / "MiniBrowser"
    command.write_text("")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(installed.NoBrowser, match="needs a display; there is none, and no Xvfb"):
        installed.find(["webkitgtk"])


@pytest.mark.programs
@pytest.mark.skipif(sys.platform != "linux", reason="finds processes by /proc")
def test_the_guard_ends_what_left_the_group_too(tmp_path):
    folder = tmp_path / "profile"
    folder.mkdir()
    script = "setsid sh -c 'echo $$; exec sleep 600' & exec sleep 600"
    process = subprocess.Popen(
        [sys.executable, "-I", guard.__file__, "600", str(folder), "sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    left = Path("/proc") / process.stdout.readline().strip()
    assert left.exists()
    process.stdin.close()
    assert process.wait(30) == 0
    process.stdout.close()
    assert not left.exists()
    assert not folder.exists()


@pytest.mark.programs
def test_nothing_of_it_is_loaded_unasked():
    code = (
        "import sys\n"
        "from wsprobe.cli.main import run\n"
        "run(['compare', '--browser', 'chromium', 'lab:status-403'])\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)\n"
    )
    done = python(code, check=True)
    loaded = set(done.stderr.split())
    assert "wsprobe.lab.server" in loaded
    unwanted = ("site", "installed", "measured", "devtools", "guard")
    assert not loaded & {f"wsprobe.lab.{name}" for name in unwanted}
