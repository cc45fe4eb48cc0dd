"""`make bench-training`: is fine-tuning as fast as a bare PyTorch loop, and does its memory stay where it is?"""
