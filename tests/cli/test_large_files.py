"""Files that a command reads: none is read further than what it can be, and none takes long for its size."""

import os
import sys

import click
import pytest

from tests.traced import traced
from wsprobe.cli import recordings
from wsprobe.cli.pasted.curl import shell_words
from wsprobe.cli.recordings import lines


def test_a_line_longer_than_any_recording_is_not_read_to_its_end(tmp_path):
    file = tmp_path / "large.jsonl"
    file.write_bytes(b'{"a": 1}\n')
    os.truncate(file, 4 * recordings.LONGEST)
    found = lines(str(file))
    assert next(found).data == b'{"a": 1}\n'
    longer = "line 2: longer than 50,331,648 bytes, the limit for a recording"
    with traced() as memory, pytest.raises(click.UsageError, match=longer):
        next(found)
    assert memory.peak < recordings.LONGEST + 4 * recordings.PIECE


@pytest.mark.parametrize("size", [10, recordings.PIECE + 1])
def test_a_line_that_was_handed_on_is_not_kept(size, tmp_path):
    file = tmp_path / "lines"
    file.write_bytes(b"\n" + b"x" * size + b"\ny\n")
    line = next(found := lines(str(file)))
    references = sys.getrefcount(line.data)
    assert references <= 2  # of the line, and of that call
    assert next(found).data == b"y\n"


@pytest.mark.parametrize("size", [recordings.PIECE - 1, recordings.PIECE, recordings.PIECE + 1])
def test_lines_around_the_size_of_a_piece_are_whole(size, tmp_path):
    file = tmp_path / "lines"
    written = [b"x" * (size - 1) + b"\n", b"y\n", b"z" * size]
    file.write_bytes(b"".join(written))
    assert [each.data for each in lines(str(file))] == written


QUOTED = {
    "quotes in a word": "a'b'\\'",
    "one long word": "a\\b",
    "words": "a 'b' ",
    "comments": "# '\n",
    "lines that go on": "\\\n",
}


@pytest.mark.parametrize("piece", QUOTED.values(), ids=QUOTED)
def test_quoting_takes_no_longer_for_more_of_the_same(piece, monkeypatch):
    """Counted in characters that are copied, through a text that counts."""

    class Counted(str):
        __slots__ = ()
        copied = 0

        def __getitem__(self, key):
            part = str.__getitem__(self, key)
            Counted.copied += len(part)
            return part

    text = Counted(piece * 2000)
    shell_words(text)
    assert Counted.copied < 4 * len(text)
