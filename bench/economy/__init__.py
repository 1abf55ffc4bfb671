"""What a label is worth: average precision against labels spent, by who picks the frames."""
