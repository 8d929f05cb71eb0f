"""The JSON Schema of what ``--json`` prints: a file beside this one, so that it can be used without us."""

from __future__ import annotations

from importlib.resources import files


def schema() -> str:
    """The schema (JSON Schema 2020-12) as text, with its newline."""
    return files("wsprobe.show.json").joinpath("report.schema.json").read_text(encoding="utf-8")
