"""What must never drift."""
