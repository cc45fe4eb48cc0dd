"""How a photo arrives: every way of sending one ends in `IncomingPhoto`s, of one shape."""
