"""A browser that follows a specification to the letter: one engine for all texts, with their differences as
data."""
