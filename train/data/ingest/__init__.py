"""Other people's annotations, as YOLO data sets: one file a format, and what they share."""
