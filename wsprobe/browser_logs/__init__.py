"""Logs that browsers write about their own network, as recordings: what a page may not see, from a file.

Bytes in, values out: nothing here opens a file, and no input raises. ``netlog`` reads Chromium's NetLog,
``firefox`` Firefox's HTTP log; both give a ``LoggedSocket`` for each WebSocket.
"""

from __future__ import annotations
