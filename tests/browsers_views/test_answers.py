"""What a script in each engine sees of an answer, and what parts of the engines make of it: the rows of
answers/*.txt and parts/*.txt (edges.py)."""

import pytest

from tests.browsers_views.edges import KINDS, sections
from tests.browsers_views.recordings import HEAD, URL, recorded
from tests.calls import check
from tests.cases import each
from wsprobe.browsers import ALL, ENGINES, RUNTIMES
from wsprobe.browsers.engine import Page


def tables():
    """Those of each file; of parts/, where a case takes no time, those of each section."""
    found = {}
    for folder in KINDS:
        for section in sections(folder):
            name = section.file if folder == "answers" else f"{section.file}: {section.title}"
            found.setdefault(name, {}).update(section.cases())
    return found


TABLES = tables()


@pytest.mark.parametrize("table", TABLES)
def test_what_comes_of_it(table):
    each(TABLES[table], check)


def test_a_view_of_a_page_without_subprotocols_takes_those_of_the_request():
    """As where the recording is another client's."""
    asked = Page(protocols=("a", "b"))
    chosen = f"{HEAD}Sec-WebSocket-Protocol: b\r\n\r\n".encode()
    other = f"{HEAD}Sec-WebSocket-Protocol: c\r\n\r\n".encode()
    for name in (*ALL, *RUNTIMES):
        for answered, protocol in ((chosen, "b"), (other, None)):
            reading = recorded(answered, page=asked, browser=name)
            events = ENGINES[name].view(URL, Page(), [reading]).events
            opened = [event.protocol for event in events if event.type == "open"]
            if name != "deno":  # it takes what it is given
                assert opened == ([protocol] if protocol is not None else [])
