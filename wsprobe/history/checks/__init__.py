"""What each revision's rules make of a reading. One subject a file; which variant of a rule applies is data."""
