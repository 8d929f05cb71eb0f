"""Sections that are cited become links, and the words stay as they are."""

import re

from wsprobe.history.data import select
from wsprobe.judge import FINDINGS
from wsprobe.show.report_file import cited

RFC = "https://www.rfc-editor.org/rfc/rfc"


def test_every_section_of_every_finding_is_linked():
    for entry in FINDINGS.values():
        plain = "".join(words for words, url in cited(entry.spec) if not url)
        assert not re.search(r"RFC|section|draft", plain), entry.spec


def test_the_places_of_revisions_are_those_of_their_own_data():
    """What the table of revisions says of where RFC 6455 stands is what a citation leads to."""
    (revision,) = select("rfc6455")
    assert any(source.where == f"{RFC}6455" for source in revision.sources)
