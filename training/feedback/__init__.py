"""What visitors said, and an operator agreed with, becomes photos to train on."""
