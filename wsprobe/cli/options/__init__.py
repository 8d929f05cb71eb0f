"""The options of `connect` and `compare`, by subject: each file declares them and turns them into values."""
