"""``wsprobe serve`` as a process: what it says when it is ready, whom it answers, how it ends."""

import json
import os
import signal
import urllib.error
import urllib.request
from contextlib import contextmanager

import msgspec
import pytest

from tests.cli.processes import started
from wsprobe.cli.main import run
from wsprobe.cli.serve import log
from wsprobe.lab import find
from wsprobe.lab.measured import Browser, limits_of, load, predicted
from wsprobe.lab.server import Visit


@contextmanager
def serving(folder, *arguments):
    """A lab in a process of its own, its temporary files in *folder*, and the URLs that it says it has."""
    process = started("serve", "--json", *arguments, env=os.environ | {"TMPDIR": str(folder)})
    try:
        yield process, json.loads(process.stdout.readline())["ready"]
    finally:
        process.kill()
        process.communicate()


def fetched(url, **headers):
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.programs
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_told_to_end_it_leaves_nothing_behind(tmp_path, number):
    with serving(tmp_path, "--tls-port", "0") as (process, ready):
        assert ready["wss"].startswith("wss://127.0.0.1:")
        assert [each.name[:12] for each in tmp_path.iterdir()] == ["wsprobe-lab-"]
        process.send_signal(number)
        assert process.wait(30) == 128 + number
    assert list(tmp_path.iterdir()) == []


@pytest.mark.programs
def test_in_the_background_of_a_script_it_ends_too(tmp_path):
    """There ^C is ignored, and a process that is told to end by SIGTERM ends all the same."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with serving(tmp_path) as (process, _):
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 128 + signal.SIGTERM
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.programs
def test_it_answers_to_its_own_names(tmp_path):
    with serving(tmp_path, "--allow-host", "lab.example") as (_, ready):
        page = ready["page"]
        assert fetched(page, Accept="text/html")[1].startswith("<!doctype html>")
        assert fetched(page, Host="lab.example")[0] == 200
        status, words = fetched(page, Host="evil.example")
        assert status == 421
        assert "--allow-host evil.example" in words


@pytest.mark.programs
def test_public_has_a_token_and_a_warning(tmp_path):
    with serving(tmp_path, "--public", "--host", "127.0.0.1") as (process, ready):
        page, _, token = ready["page"].partition("?token=")
        assert len(token) >= 16
        assert fetched(ready["page"], Accept="text/html")[0] == 200
        assert fetched(page, Accept="text/html")[0] == 403
        assert fetched(f"{page}s/status-403")[0] == 403
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
    assert "warning: --public lets every machine that reaches this one" not in said, (
        "with --json nothing is said"
    )


@pytest.mark.programs
def test_what_the_page_sends_is_kept(tmp_path):
    file = tmp_path / "kept.jsonl"
    view = predicted("chromium", find("403"), "127.0.0.1", next(limits_of(find("403"))))
    seen = msgspec.structs.replace(view.says, console=None)
    browser = Browser("safari", "18.5", "Mozilla/5.0", "0", "http://127.0.0.1/")
    part = msgspec.json.encode({"run": "1", "browser": browser, "seen": [seen], "last": True})
    with serving(tmp_path, "--keep", str(file), "--silent") as (_, ready):
        page = urllib.request.Request(ready["page"], headers={"Accept": "text/html"})
        with urllib.request.urlopen(page, timeout=30) as answer:
            prefix = answer.read().decode().partition('data-prefix="/')[2].partition('"')[0]
        request = urllib.request.Request(
            f"{ready['page']}{prefix}keep", data=part, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            assert answer.status == 200
    assert load(file.read_text()).seen == {"403": seen}
    assert run(["compare", "--measured", str(file)]) == 0


def test_the_log_escapes_the_path_that_a_client_sent(capsys):
    path = "/diagnostic?\x9b1m\x85" + "x" * 9000
    log(
        Visit("plain", "127.0.0.1:9", "127.0.0.1:80", f"GET {path} HTTP/1.1".encode("latin-1"), path),
        as_json=False,
    )
    logged = capsys.readouterr().err
    assert logged.endswith("\n")
    assert logged[:-1].isprintable()
    assert len(logged) < 500
    assert r" -> /diagnostic?\x9b1m\x85xx" in logged
