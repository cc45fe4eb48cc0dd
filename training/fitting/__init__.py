"""The parts of a fit: each does one thing to the learner; `training.fit` joins them."""
