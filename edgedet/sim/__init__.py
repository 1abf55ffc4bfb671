"""Real counterparts for trying things out and for tests: cameras, and later faults to order."""
