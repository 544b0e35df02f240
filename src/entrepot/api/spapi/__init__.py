"""The third generation: REST and JSON under Amazon's official paths, with LWA tokens."""
