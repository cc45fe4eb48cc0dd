"""The parts of the evaluation, of outputs made by hand."""
