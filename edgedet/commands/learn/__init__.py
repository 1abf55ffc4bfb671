"""`edgedet learn`: what the device kept for labelling, and what becomes of it."""
