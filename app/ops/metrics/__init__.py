"""What the server counts, right with several workers, and `GET /metrics`."""
