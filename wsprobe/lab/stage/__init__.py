"""How a scenario is played: the server's side of it, without input or output."""
