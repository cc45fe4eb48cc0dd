"""Mutated files and requests, thrown at every door a stranger's bytes come in by: `make fuzz`."""
