"""`python -m training split`: which photos train, validate and test, and the manifest that says so."""
