"""Look things up, offline: whatever a person may paste. Costs nothing until something is asked for."""

from __future__ import annotations

from wsprobe.explain.entry import Entry, text, value
from wsprobe.explain.topics import UnknownTopic, all_topics, find

__all__ = ["Entry", "UnknownTopic", "all_topics", "find", "text", "value"]
