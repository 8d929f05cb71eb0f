"""Command lines to copy: nothing in them is an option that was a URL."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe.text import command_line, operands, quoted


@pytest.mark.parametrize(
    ("url", "line"),
    [
        ("ws://h/a?b=c", "w connect 'ws://h/a?b=c'"),
        ("--cluster=127.0.0.1/x", "w connect -- --cluster=127.0.0.1/x"),
        ("-o/x", "w connect -- -o/x"),
        ("@urls.txt", 'w connect -- "@urls.txt"'),
        ("@it's", "w connect -- '@it'\"'\"'s'"),
        ("-", "w connect -"),
    ],
)
def test_a_url_is_no_option_and_no_list(url, line):
    assert command_line("w", "connect", url=url) == line


def test_a_list_stays_a_list():
    assert operands("-x", "@urls.txt", "ws://h/", "-", lists=True) == ["@urls.txt", "ws://h/", "-", "--", "-x"]


@pytest.mark.programs
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs", "Cc"])), max_size=5))
def test_a_shell_reads_the_same_words(words):
    line = " ".join(map(quoted, ["printf", "%s\\0", "-", *words]))
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    assert done.stdout.decode() == "".join(f"{word}\0" for word in ["-", *words])
