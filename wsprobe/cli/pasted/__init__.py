"""Requests in the form in which a person has them: a cURL command, a copy from DevTools, an entry of a HAR
file."""

import re

PROMPTS = ("$", "%", ">")
"""Prompts of shells, which people copy along with a command."""
_NAME = r"curl(?:\.exe)?"
_CURL = rf"(?i)(?!.*://)(?:.*[/\\])?{_NAME}"
"""The program: its name, or a path to it; not a URL that ends with it."""
_CURL_COMMAND = rf"(?i)\s*(?:[{''.join(PROMPTS)}]\s+)?(?:[^\s'\":]*[/\\])?{_NAME}\s"
"""The beginning of a whole command in one word."""


def is_curl(word: str) -> bool:
    """True if *word* is the name of the program."""
    return "curl" in word.lower() and re.fullmatch(_CURL, word) is not None


def is_curl_command(word: str) -> bool:
    """True if *word* is a whole command."""
    return "curl" in word.lower() and re.match(_CURL_COMMAND, word) is not None
