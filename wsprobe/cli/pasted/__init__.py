"""Requests that somebody has in hand: a cURL command, what DevTools copied, an entry of a HAR file."""
