"""Many URLs: how lists are read, at which pace they are asked, and what is said at the end."""

import subprocess

import pytest

from tests.cli.processes import started
from wsprobe.cli.main import run
from wsprobe.cli.targets import BEGIN, UrlList

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


@pytest.mark.programs
def test_a_url_on_standard_input_is_asked_before_the_next_one_is_there():
    with started("connect", "-w", LINE, "-", stdin=subprocess.PIPE) as process:
        for name in ("lab:ok", "lab:status-403"):
            process.stdin.write(f"{name}\n")
            process.stdin.flush()
            assert process.stdout.readline().split()[0] == name
        process.stdin.close()
        assert process.stdout.read() == ""
    assert process.returncode == 12


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
