"""The operator's own API: sellers, applications, the world's verbs and clock. Plain JSON, one bearer token."""
