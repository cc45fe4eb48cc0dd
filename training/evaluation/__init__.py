"""The parts of the evaluation: each gives one block of a card's metrics, of outputs that are already there."""
