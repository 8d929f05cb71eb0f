"""Which hop broke the handshake: asked again with one thing changed, and what the answers mean."""
