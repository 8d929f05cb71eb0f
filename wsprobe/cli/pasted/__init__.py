"""Requests in the form in which a person has them: a cURL command, a copy from DevTools, an entry of a HAR
file."""

import re

PROMPTS = ("$", "%", ">")
"""Prompts of shells, which people copy along with a command."""
_NAME = r"curl(?:\.exe)?"
CURL = re.compile(rf"(?!.*://)(?:.*[/\\])?{_NAME}", re.IGNORECASE)
"""The program: its name, or a path to it; not a URL that ends with it."""
CURL_COMMAND = re.compile(rf"\s*(?:[{''.join(PROMPTS)}]\s+)?(?:[^\s'\":]*[/\\])?{_NAME}\s", re.IGNORECASE)
"""The beginning of a whole command in one word."""
