"""Tests of `python -m training check`."""
