"""Tests of the parts of a fit."""
