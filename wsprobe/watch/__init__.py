"""The same handshake again and again: what one probe tells, what changed since the last, and what many of them
tell together. Values, and functions over reports; nothing here asks, waits or prints."""
