"""Uploaded files: one module per kind; how each is read, and how its report is written."""
