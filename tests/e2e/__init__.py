"""Real gunicorn, real HTTP."""
