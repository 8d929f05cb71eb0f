"""The files that a person names: without an end, without another end, on a full disk, and shared by several
runs."""

import errno
import os
import resource
import subprocess
import sys
from contextlib import contextmanager

import click
import pytest

from wsprobe.cli import files
from wsprobe.request.cookies import Jar, parse

NOTHING = "ws://127.0.0.1:1/"
FIFO = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
ZERO = pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no /dev/zero here")


@ZERO
@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            "connect --from-curl",
            "--from-curl: /dev/zero: longer than 16,777,216 bytes, the limit for pasted text",
        ),
        ("connect URL --netrc-file", "--netrc-file: /dev/zero: longer than 8,388,608 bytes"),
        ("connect URL -b", "--cookie: /dev/zero: longer than 8,388,608 bytes, the limit for a file of cookies"),
        ("connect URL --raw-request", "--raw-request: /dev/zero: longer than 16,777,216 bytes"),
        ("connect URL --pinnedpubkey", "--pinnedpubkey: /dev/zero: longer than 1,048,576 bytes"),
        ("connect URL --cacert", "--cacert: /dev/zero: a device, not a file"),
        ("connect URL --since", "/dev/zero, line 1: longer than 50,331,648 bytes"),
        ("talk URL --send-file", "--send-file: /dev/zero: longer than 67,108,864 bytes"),
        ("connect @", "/dev/zero: a device, not a list of URLs"),
        ("compare --measured", "--measured: /dev/zero: longer than 67,108,864 bytes"),
        ("compare", "/dev/zero, line 1: longer than 50,331,648 bytes"),
    ],
)
def test_a_file_without_an_end_is_one_line(words, line, refused):
    *before, last = words.replace("URL", NOTHING).split()
    assert line in refused(*before, *(["@/dev/zero"] if last == "@" else [last, "/dev/zero"]))


def test_an_empty_device_is_an_empty_list(refused):
    assert "no URL in it" in refused("connect", f"@{os.devnull}")


@FIFO
@pytest.mark.parametrize(
    "words",
    [
        *("--save PIPE", "--har PIPE", "--junit PIPE", "--output PIPE", "--cookie-jar PIPE", "-b PIPE"),
        *("--since PIPE", "--resume PIPE", "--raw-request PIPE", "--netrc-file PIPE", "@PIPE"),
    ],
)
def test_a_pipe_without_another_end_is_one_line(words, tmp_path, refused, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE", 0.02)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    err = refused("connect", *words.replace("PIPE", str(pipe)).split(), NOTHING)
    assert "nobody " in err or "not an ordinary file" in err


@FIFO
def test_a_pipe_stays_open_until_the_command_ends(tmp_path):
    """Whoever reads takes a pipe that is closed for the end of the recordings."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with click.Context(click.Command("connect")):
            files.check_writable(str(pipe), "save")
            files.write(str(pipe), b"a\n", "save", append=True)
            assert os.read(reader, 9) == b"a\n"
            with pytest.raises(BlockingIOError):
                os.read(reader, 9)
        assert os.read(reader, 9) == b""
    finally:
        os.close(reader)


@contextmanager
def full_disk(size):
    """A limit to the size of files stands for the disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("option", ["--har", "--junit", "--report", "--output", "--cookie-jar"])
def test_a_full_disk_leaves_the_old_file(option, tmp_path, refused):
    file = tmp_path / "kept.md"
    file.write_text("# before\n")
    with full_disk(10):
        err = refused("connect", "-s", option, str(file), "lab:/status/403?body=forbidden-here")
    assert file.read_text() == "# before\n"
    assert [each.name for each in tmp_path.iterdir()] == ["kept.md"]
    assert f"{option}: {file}: File too large" in err


def no_new_file(monkeypatch):
    """No file can be made: the folder may not be written."""
    real = os.open

    def refused(path, flags, mode=0o777, **more):
        if str(path).endswith(".part"):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path, flags, mode, **more)

    monkeypatch.setattr(os, "open", refused)


@pytest.mark.parametrize("content", ["short", "longer than what was there"])
def test_where_no_new_file_can_be_made_the_old_one_is_written(content, tmp_path, monkeypatch):
    file = tmp_path / "mounted"
    file.write_text("what was there")
    no_new_file(monkeypatch)
    files.check_replaceable(str(file), "har")
    with full_disk(20), pytest.raises(click.UsageError, match="File too large"):
        files.write_whole(str(file), ["x" * 30], "har")
    assert file.read_text() == "what was there"
    files.write_whole(str(file), content, "har")
    assert file.read_text() == content
    with pytest.raises(click.UsageError, match="Permission denied"):
        files.check_replaceable(str(tmp_path / "new"), "har")


def test_a_link_that_came_meanwhile_is_not_followed(tmp_path):
    file, victim = tmp_path / "kept", tmp_path / "victim"
    file.write_text("before")
    victim.write_text("another's")

    def pieces():
        yield "new"
        file.unlink()
        file.symlink_to(victim)

    with pytest.raises(click.UsageError, match="another file took its place meanwhile"):
        files.write_whole(str(file), pieces(), "har")
    assert victim.read_text() == "another's"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["kept", "victim"]


# Several runs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("other", "left"), [(b"", b"first\n"), (b"other\n", b"first\nmine, cother\n")])
def test_what_another_program_appends_is_never_cut(other, left, tmp_path, monkeypatch):
    """Our own line is taken back only if nobody else wrote behind it: such programs know no locks."""
    file = tmp_path / "kept"
    file.write_bytes(b"first\n")
    real = os.write

    def write(descriptor, data):
        if file.stat().st_size > 6:
            with open(file, "ab") as another:
                another.write(other)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, bytes(data)[:7])

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(click.UsageError, match="No space left"):
        files.write(str(file), b"mine, cut\n", "save", append=True)
    assert file.read_bytes() == left


OTHERS = "a.example\tFALSE\t/\tFALSE\t0\t{}\t{}\n"


def taken_over(before, after, mine):
    """What a jar of *mine* has, once it took over what another run changed in its file."""

    def text(pairs):
        return "".join(OTHERS.format(*each.split("=")) for each in pairs.split())

    jar = Jar(parse(text(mine), 0))
    jar.take_over(text(before), text(after), 0)
    return sorted(each.pair for each in parse(jar.text(0), 0))


RUNS = 8
LINES = 50
APPEND = f"""
import sys
from wsprobe.cli.files import write
for at in range({LINES}):
    write(sys.argv[1], (f"{{sys.argv[2]}} {{at}} " + "x" * 9000 + "\\n").encode(), "save", append=True)
"""
STORE = """
import sys
from wsprobe.cli.files import rewrite
from wsprobe.request.cookies import Jar, parse
line = f"a.example\\tFALSE\\t/\\tFALSE\\t0\\t{sys.argv[2]}\\t1\\n"
def made(after):
    jar = Jar(parse(line, 0))
    jar.take_over("", after.decode(), 0)
    return jar.text(0).encode()
rewrite(sys.argv[1], made, "cookie-jar")
"""


@pytest.mark.programs
def test_eight_runs_lose_no_line_and_no_cookie(tmp_path):
    for code, name in ((APPEND, "kept"), (STORE, "jar")):
        running = [
            subprocess.Popen([sys.executable, "-c", code, str(tmp_path / name), str(at)]) for at in range(RUNS)
        ]
        assert [each.wait() for each in running] == [0] * RUNS
    lines = (tmp_path / "kept").read_text().splitlines()
    assert sorted(line.rstrip("x") for line in lines) == sorted(
        f"{run} {at} " for run in range(RUNS) for at in range(LINES)
    )
    kept = {each.name for each in parse((tmp_path / "jar").read_text(), 0)}
    assert kept == {str(at) for at in range(RUNS)}
    assert (tmp_path / "jar").stat().st_mode & 0o777 == 0o600
