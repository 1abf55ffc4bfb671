"""Keeping frames for labelling: chosen, stored, and sent where they are labelled."""
