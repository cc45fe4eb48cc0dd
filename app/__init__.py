"""Which Park?: a Flask application that says which US national park a photo shows."""
