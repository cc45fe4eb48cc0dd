"""Behind `app.vision.image_io`: what the bytes of a photo become on their way to RGB, and what they may cost."""
