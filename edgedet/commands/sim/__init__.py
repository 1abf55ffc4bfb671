"""`edgedet sim`: play scenarios against a real runtime."""
