"""The conversation of one exchange, without sockets: handshake, open session, its end."""
