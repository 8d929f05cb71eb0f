"""An answer over HTTP/2, held against the revisions."""

from pathlib import Path

import pytest

from tests.http2.lines import lines, recorded
from wsprobe.history import data, read_as
from wsprobe.read import read

MEASURED = {
    line["scenario"]: line
    for line in lines(Path(__file__).parent.parent / "browsers_views" / "measured" / "http2.jsonl")
}


@pytest.mark.parametrize("name", data.contradictions()["contradiction-http2-status"].revisions)
def test_the_contradiction_is_named_and_a_200_is_no_violation(name):
    verdict = read_as(read(recorded(MEASURED["on"])), name)
    if data.revisions()[name].kind == "api":
        assert verdict.answer == "ambiguous"
        assert verdict.findings[0].id == "contradiction-http2-status"
    else:
        assert verdict.answer == ("established" if name == "rfc8441" else "not known")
