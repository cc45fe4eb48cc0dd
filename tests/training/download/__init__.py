"""Tests of the download, against a stand-in on this machine."""
