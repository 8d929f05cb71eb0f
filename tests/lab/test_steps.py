"""How the catalogue is written."""

import pytest

from wsprobe.lab.scenario import Step
from wsprobe.lab.steps import CatalogueError, pieces, steps

PIECES = pieces(
    {"good": "HTTP/1.1 101 X\r\nA: {accept}"}, {"open": [{"head": ["{good}"]}], "twice": ["open", "open"]}
)
OPEN = Step("send", b"HTTP/1.1 101 X\r\nA: {accept}\r\n\r\n")


@pytest.mark.parametrize(
    ("written", "http2"), [({"headers": []}, False), ("end-stream", False), ({"echo": 1}, True)], ids=str
)
def test_a_step_of_the_other_http_is_refused(written, http2):
    assert steps([written], PIECES, http2=not http2)
    with pytest.raises(CatalogueError, match="is not a step of HTTP/2" if http2 else "not a step of HTTP/1.1"):
        steps([written], PIECES, http2=http2)
