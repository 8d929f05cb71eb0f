"""What every engine has below the handshake: connections that do not come about, and credentials."""
