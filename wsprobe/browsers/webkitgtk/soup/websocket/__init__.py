"""libsoup's WebSocket: the handshake and what follows it."""
