"""Objects over time: which detections are one object, where it stays, what it crosses."""
