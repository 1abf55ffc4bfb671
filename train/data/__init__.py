"""Data sets: reading, ingesting, augmenting, batching."""
