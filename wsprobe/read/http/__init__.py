"""Heads and bodies, without loss (RFC 9112)."""
