"""What follows a 101: frames, messages, and the older framings."""
