"""A browser that follows its specification to the letter: one reader, given which text it reads."""
