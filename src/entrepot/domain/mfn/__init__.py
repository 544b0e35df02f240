"""Merchant-fulfilled: listings, locations, and orders that the seller ships himself."""
