"""Whole numbers that a person or a peer writes in decimal digits."""

from __future__ import annotations


def whole_number(text: str, most: int) -> int | None:
    """The number from 0 to *most* that *text* writes in the digits 0 to 9; None for any other text.

    ``int`` raises ValueError above 4,300 digits (sys.set_int_max_str_digits).
    """
    digits = text.lstrip("0")
    if not text.isascii() or not text.isdecimal() or len(digits) > len(str(most)):
        return None
    number = int(digits or "0")
    return number if number <= most else None
