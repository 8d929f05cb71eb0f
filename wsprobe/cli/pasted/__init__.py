"""Requests that somebody has in hand: a cURL command, what DevTools copied, an entry of a HAR file."""

import re

PROMPTS = ("$", "%", ">")
"""What a shell prints before a command, copied along with it."""
_NAME = r"curl(?:\.exe)?"
CURL = re.compile(rf"(?!.*://)(?:.*[/\\])?{_NAME}", re.IGNORECASE)
"""The program: its name, or a path to it; not a URL that ends in it."""
CURL_COMMAND = re.compile(rf"\s*(?:[{''.join(PROMPTS)}]\s+)?(?:[^\s'\":]*[/\\])?{_NAME}\s", re.IGNORECASE)
"""The beginning of a whole command in one word."""
