"""Entrepôt: one double-entry stock ledger, every generation of Amazon's seller-inventory APIs a door to it."""
