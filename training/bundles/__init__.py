"""Choosing the bundle that is served: list, check, promote, rollback."""
