"""What can be explained: a file a kind of thing."""
