"""gunicorn's worker for this application: a thread is taken by a request that has arrived, never by a slow client."""
