"""The words of the requests of a trace and of an audit, from ``changes.txt``. Apart from the requests, because
the help has only the words."""

from __future__ import annotations

from wsprobe.data_file import text_beside

STRANGER = "https://page.invalid"
"""An Origin that nobody allows by name (RFC 6761 section 6.4)."""


def request_words(section: str, **values: str) -> dict[str, tuple[str, str]]:
    """The rows of a *section*, in which *values* are filled in: name -> (the change, what its answer shows)."""
    text = text_beside(__file__, "changes.txt").partition(f"== {section}\n")[2].partition("\n\n")[0]
    lines = text.format(stranger=STRANGER, **values).splitlines()
    heads = (line.partition(": ") for line in lines[::2])
    return {
        name: (changed, tells.strip()) for (name, _, changed), tells in zip(heads, lines[1::2], strict=True)
    }
