"""SQL, and nothing above it: one file per noun. Never commits on its own; services open and close transactions."""
