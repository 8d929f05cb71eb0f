"""A recording as text, without its secrets, and what it says of certificates."""
