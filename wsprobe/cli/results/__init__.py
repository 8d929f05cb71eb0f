"""What the commands do with reports: print, keep, count, compare."""
