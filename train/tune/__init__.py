"""The search for a recipe: what may vary, and a study that several workers share."""
