"""Many readers, or many recordings, side by side."""
