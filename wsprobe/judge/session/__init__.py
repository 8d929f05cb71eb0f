"""What came after the 101: frames, messages, the closing handshake (RFC 6455 sections 5, 7, 8; RFC 7692)."""
