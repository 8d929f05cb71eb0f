"""Sections that are cited become links, and the words stay as they are."""

import re

from tests.cases import every
from wsprobe.history.data import select
from wsprobe.judge import FINDINGS
from wsprobe.show.report_file import cited

RFC = "https://www.rfc-editor.org/rfc/rfc"


@every(
    [
        ("RFC 9112", [f"{RFC}9112"]),
        (
            "RFC 6455 section 4.1, item 1; RFC 9110 section 15.2",
            [f"{RFC}6455#section-4.1", f"{RFC}9110#section-15.2"],
        ),
        (
            "RFC 6455 section 4.1, item 2, and section 4.2.2, step 5.2",
            [f"{RFC}6455#section-4.1", f"{RFC}6455#section-4.2.2"],
        ),
        ("RFC 6455 sections 5.5.1 and 8.1", [f"{RFC}6455#section-5.5.1", f"{RFC}6455#section-8.1"]),
        (
            "RFC 6455 section 11.3.2; erratum 3433",
            [f"{RFC}6455#section-11.3.2", "https://www.rfc-editor.org/errata/eid3433"],
        ),
        (
            "draft-hixie-thewebsocketprotocol-76 section 4.1",
            ["https://datatracker.ietf.org/doc/html/draft-hixie-thewebsocketprotocol-76#section-4.1"],
        ),
        (
            "hybi-05 section 4.2",
            ["https://datatracker.ietf.org/doc/html/draft-ietf-hybi-thewebsocketprotocol-05#section-4.2"],
        ),
        (
            "WHATWG WebSockets section 2.2, processResponse step 1",
            ["https://websockets.spec.whatwg.org/#websocket-opening-handshake"],
        ),
        ("refused (RFC 6455 section 4.1, item 1).", [f"{RFC}6455#section-4.1"]),
        ("asked again in hybi-07; see section 3 of it", []),
        ("", []),
    ]
)
def test_what_is_cited_is_linked(case):
    text, urls = case
    pieces = list(cited(text))
    assert "".join(words for words, _ in pieces) == text
    assert [url for _, url in pieces if url] == urls


def test_every_section_of_every_finding_is_linked():
    for entry in FINDINGS.values():
        plain = "".join(words for words, url in cited(entry.spec) if not url)
        assert not re.search(r"RFC|section|draft", plain), entry.spec


def test_the_places_of_revisions_are_those_of_their_own_data():
    """What the table of revisions says of where RFC 6455 stands is what a citation leads to."""
    (revision,) = select("rfc6455")
    assert any(source.where == f"{RFC}6455" for source in revision.sources)
