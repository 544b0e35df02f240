"""Reports, made from real stock in a real database."""
