"""Dialects that know nothing of stock: XML, tab-delimited text, timestamps."""
