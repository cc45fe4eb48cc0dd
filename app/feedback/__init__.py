"""What visitors said of predictions, kept: in SQLite or PostgreSQL, with the photo only where they consented."""
