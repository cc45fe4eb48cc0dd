"""Classifies an archive of photos, on one machine or on a Ray cluster: `python -m app.batch`."""
