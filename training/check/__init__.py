"""`python -m training check`: what a careful colleague would say of a data folder before anything is trained on it."""
