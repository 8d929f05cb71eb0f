"""Many URLs: how lists are read, at which pace they are asked, and what is said at the end."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import trio

from wsprobe.cli.main import run
from wsprobe.cli.probe import conversation
from wsprobe.cli.targets import BEGIN, UrlList

Capture = pytest.CaptureFixture[str]
LINE = r"%{url} %{outcome}\n"


def test_a_line_that_cannot_be_used_is_named_and_the_rest_goes_on(capsys, tmp_path):
    file = tmp_path / "urls"
    file.write_bytes(
        b"\xef\xbb\xbflab:ok\r\n\xff\xfeno text\r\n" + b"x" * (1024 * 1024 + 7) + b"\n lab:status-403 "
    )
    assert run(["connect", "-w", LINE, f"@{file}", "lab:status-404"]) == 2
    out, err = capsys.readouterr()
    assert out == "lab:ok open\nlab:status-403 refused\nlab:status-404 refused\n"
    assert err.splitlines() == [
        f"wsprobe: {file}, line 2: not text in UTF-8 (byte 1 of the line)",
        f"wsprobe: {file}, line 3: longer than 1,048,576 bytes, the limit for a URL",
    ]


def test_silent_is_about_results_and_names_what_has_none(capsys, tmp_path):
    file = tmp_path / "urls"
    file.write_text("lab:status-403\nftp://h/\n")
    assert run(["connect", "-s", f"@{file}"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert f"{file}, line 2: scheme 'ftp'" in err


def test_a_comment_behind_a_url_is_no_part_of_it(capsys, tmp_path):
    file = tmp_path / "urls"
    file.write_text("lab:status-403 # ours\nlab:status-404\t#theirs\nlab:/status/410#x\n#lab:refused\n")
    assert run(["connect", "-s", "-w", r"%{url} %{status}\n", f"@{file}"]) == 12
    assert capsys.readouterr().out == "lab:status-403 403\nlab:status-404 404\nlab:/status/410#x 410\n"


@pytest.mark.parametrize("word", ["-", "@-"])
def test_a_list_on_standard_input(word, capsys, tmp_path, monkeypatch):
    (tmp_path / "urls").write_text("lab:status-403\n")
    with (tmp_path / "urls").open() as file:
        monkeypatch.setattr("sys.stdin", file)
        assert run(["connect", "-s", "-w", "%{status}", word]) == 12
    assert capsys.readouterr().out == "403"


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "urls: no URL in it"),
        (b"# none\n\n", "urls: no URL in it"),
        ("ws://h/".encode("utf-16"), "not a text file in UTF-8: this is UTF-16"),
    ],
)
def test_a_list_without_a_url_is_one_line(data, says, capsys, tmp_path):
    file = tmp_path / "urls"
    file.write_bytes(data)
    assert run(["connect", f"@{file}"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert says in err


@pytest.mark.programs
def test_a_url_on_standard_input_is_asked_before_the_next_one_is_there():
    command = [sys.executable, "-m", "wsprobe", "connect", "-w", LINE, "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for name in ("lab:ok", "lab:status-403"):
            process.stdin.write(f"{name}\n")
            process.stdin.flush()
            assert process.stdout.readline().split()[0] == name
        process.stdin.close()
        assert process.stdout.read() == ""
    assert process.returncode == 12


def test_one_url_in_a_file_is_reported_as_one(capsys, tmp_path):
    file = tmp_path / "urls"
    file.write_text("# only this\nlab:status-403\n")
    assert run(["connect", f"@{file}"]) == 12
    assert capsys.readouterr().out.startswith("refused 403  lab:status-403\n\nHTTP/1.1 403")


@pytest.mark.parametrize(
    ("order", "printed"), [((), "lab:status-403\nlab:ok\n"), (("--unordered",), "lab:ok\nlab:status-403\n")]
)
def test_the_first_is_the_slower_one(order, printed, capsys, monkeypatch):
    others = trio.Event()

    async def slowly(place, *rest):
        if place.name == "lab:status-403":
            await others.wait()
        made = await conversation(place, *rest)
        others.set()
        return made

    monkeypatch.setattr("wsprobe.cli.probe.conversation", slowly)
    run(["connect", "-w", r"%{url}\n", *order, "lab:status-403", "lab:ok"])
    assert capsys.readouterr().out == printed


def test_a_directory_is_no_list(capsys, tmp_path):
    assert run(["connect", f"@{tmp_path}"]) == 2
    assert f"{tmp_path}: Is a directory" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("data", "several"),
    [
        (b"ws://h/\n", False),
        (b"# one\n\n \n  # more\nws://h/", False),
        (b"ws://h/\nws://h/\n", True),
        (b"#" * (BEGIN - 1), False),
        (b"#" * BEGIN, True),
        (b"#" * (BEGIN + 1), True),
    ],
)
def test_whether_a_list_has_several_urls_is_seen_at_its_beginning(data, several, tmp_path):
    (tmp_path / "urls").write_bytes(data)
    with (tmp_path / "urls").open("rb") as file:
        assert UrlList("urls", file.fileno(), len(data)).several() is several
        assert UrlList("urls", file.fileno()).several()
        assert file.read() == data
