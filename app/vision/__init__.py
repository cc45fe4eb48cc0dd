"""What training and serving share. PIL and NumPy only, but for `learner`, which needs torch and fastai."""
