"""Command lines to copy: nothing in them is an option that was a URL."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsprobe.text import quoted


@pytest.mark.programs
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs", "Cc"])), max_size=5))
def test_a_shell_reads_the_same_words(words):
    line = " ".join(map(quoted, ["printf", "%s\\0", "-", *words]))
    done = subprocess.run(["bash", "-c", line], capture_output=True, check=True)
    assert done.stdout.decode() == "".join(f"{word}\0" for word in ["-", *words])
