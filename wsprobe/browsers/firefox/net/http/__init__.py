"""netwerk/protocol/http: heads, bodies and credentials."""
