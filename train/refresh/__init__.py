"""A deployed model, new labels, and a better model or a reason why there is none."""
