"""What comes of each call in tests/*/calls.txt."""

import pytest

from tests.calls import FILES, check, sections
from tests.cases import each, named

SECTIONS = named((one for path in FILES for one in sections(path)), lambda one: f"{one.file}: {one.title}")


@pytest.mark.parametrize("name", SECTIONS)
def test_what_comes_of_a_call(name):
    each(SECTIONS[name].cases(), check)
