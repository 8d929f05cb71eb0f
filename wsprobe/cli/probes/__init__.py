"""From words to reports."""
