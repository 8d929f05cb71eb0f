"""Bytes from the network as printable ASCII. Imports nothing of ours.

Rule: everything that a peer sent goes through here before it is put in a text. ``wsprobe.show.visible`` has the
way back and what else terminals need.
"""

from __future__ import annotations

_TABLE = {b: f"\\x{b:02x}" for b in (*range(0x20), *range(0x7F, 0x100))} | {0x5C: "\\\\"}


def visible(data: bytes) -> str:
    """Printable ASCII as it is, a backslash doubled, every other byte as ``\\xNN``. Reversible."""
    return data.decode("latin-1").translate(_TABLE)
