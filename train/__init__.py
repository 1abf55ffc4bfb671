"""Training room of edgedet: runs from a checkout with the `train` extra; the device never imports it."""
