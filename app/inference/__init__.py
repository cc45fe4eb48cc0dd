"""From an upright RGB image to a verdict."""
