"""TLS, and what a failed handshake says."""
