"""A new model while the service runs: proven, compared, put to use, watched, taken back."""
