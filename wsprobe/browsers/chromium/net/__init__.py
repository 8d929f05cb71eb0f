"""The network half of Chromium's WebSocket, in Chromium's own division of work (its net/ directory)."""
