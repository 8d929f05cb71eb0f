"""Pages and scripts that real browsers load, a file each; words in capitals are filled in by the test."""

from pathlib import Path


def source(name):
    return Path(__file__).with_name(name).read_text("utf-8")
