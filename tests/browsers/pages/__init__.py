"""Pages and scripts that real browsers load, a file each; words in capitals, or in braces, are filled in."""

from pathlib import Path


def source(name):
    return Path(__file__).with_name(name).read_text("utf-8")
