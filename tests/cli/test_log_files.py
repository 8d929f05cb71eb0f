"""Browsers' logs on the command line: listed, compared, packed with gzip, cut off, in several files."""

import gzip

import pytest

from tests.browser_logs.sample import log
from wsprobe.cli.evidence import once
from wsprobe.cli.main import run

FIREFOX = log("firefox-a-networking.moz_log")


@pytest.fixture
def urls(values):
    """The URLs of a comparison."""
    return lambda *words: [each["url"] for each in values("compare", "--json", "--brief", *words)]


def rotated(folder):
    """A log in four files, of which the last number is not the newest: Firefox goes round."""
    lines = FIREFOX.splitlines(keepends=True)
    quarter = len(lines) // 4 + 1
    for number, part in ((2, 0), (3, 1), (0, 2), (1, 3)):
        text = b"".join(lines[part * quarter : (part + 1) * quarter])
        (folder / f"log.moz_log.{number}").write_bytes(text)
    return [str(folder / f"log.moz_log.{number}") for number in range(4)]


def test_a_netlog_is_known_by_its_contents_also_packed_and_cut_off(urls, tmp_path):
    data = log("netlog-a-everything.json")
    file = tmp_path / "anything"
    file.write_bytes(data)
    whole = urls(str(file))
    assert len(whole) == 11
    file.write_bytes(gzip.compress(data))
    assert urls(str(file)) == whole
    file.write_bytes(gzip.compress(data)[:-10_000])
    cut = urls(str(file))
    assert cut == whole[: len(cut)]
    assert cut


def test_its_sockets_are_listed_with_status_and_page(capsys, tmp_path):
    file = tmp_path / "netlog.json"
    file.write_bytes(log("netlog-a-everything.json"))
    assert run(["connect", "--redact", str(file)]) == 2
    out, err = capsys.readouterr()
    assert (
        out.splitlines()[0] == "  1  403          ws://127.0.0.1:43631/403?t=*  (page http://127.0.0.1:43631)"
    )
    assert "11 WebSockets: choose one with --entry N" in err


def test_any_part_of_a_rotated_firefox_log_is_the_whole_log(urls, tmp_path):
    whole = tmp_path / "whole.moz_log"
    whole.write_bytes(FIREFOX)
    found = urls(str(whole))
    assert len(found) == 13
    names = rotated(tmp_path)
    assert urls(names[0]) == urls(names[3]) == urls(*names) == found
    assert once([str(whole), *names]) == [str(whole), names[0]]


def test_a_child_s_file_stands_for_the_main_process_s(refused, urls, tmp_path):
    child = tmp_path / "log.child-1.moz_log"
    child.write_bytes(
        b"2026-12-01 02:24:15.349969 UTC - [Child 7: Main Thread]: D/nsHttp nsHttpHandler::Init\n"
    )
    err = refused("compare", "--json", str(child))
    assert "use the main process's file, without child in its name" in err
    (tmp_path / "log.moz_log").write_bytes(FIREFOX)
    assert len(urls(str(child), str(tmp_path / "log.moz_log"))) == 13


def test_a_file_named_twice_is_read_twice(tmp_path):
    rotated(tmp_path)
    name = str(tmp_path / "log.moz_log.0")
    assert once([name, name]) == [name, name]
    assert once(["-", "ws://a/", "ws://a/"]) == ["-", "ws://a/", "ws://a/"]
