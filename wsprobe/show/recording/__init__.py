"""One recording, as lines."""
