"""What all engines share before a byte is sent: URLs, subprotocol arguments, ports, mixed content, CSP."""
