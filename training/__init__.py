"""The trainer: from a folder of labelled photos to a bundle. `python -m training --help` is the run book."""
