"""The table of agreement in the manual is what the views and recordings give."""

from __future__ import annotations

import json

from tests.browsers.agreement import MANUAL, results, value


def test_the_table_in_the_manual_is_current() -> None:
    """To make it anew: python -m tests.browsers.agreement --write && python -m man.build"""
    assert json.loads(MANUAL.read_text("ascii")) == value(results())
