"""Legally usable park photos from Wikimedia Commons, the National Park Service and Openverse, with who made them."""
