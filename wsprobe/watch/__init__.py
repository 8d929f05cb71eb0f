"""The same handshake again and again: the result of one probe, the changes since the last, and the summary of
many. Values, and functions over reports; nothing here connects, waits or prints."""
