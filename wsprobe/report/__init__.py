"""One recording with all that is made of it, and what it means."""
