"""HTTP around the handshake: how heads are written, how bodies are framed, what a refusal says."""
