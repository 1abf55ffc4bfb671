"""Training, run from a checkout with the `train` extra; the device never imports it."""
