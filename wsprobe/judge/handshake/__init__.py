"""The opening handshake: the six checks of RFC 6455 section 4.1, and what section 4.2.2 asks beyond them."""
