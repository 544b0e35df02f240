"""Measures what we promise to be fast, each figure beside a bare-bones limit for the same work."""
