"""The door: who comes, by which way, with which key, and how often."""
