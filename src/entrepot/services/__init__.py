"""Use cases: one function each, one transaction a call. Services ask storage, let domain decide, write back."""
