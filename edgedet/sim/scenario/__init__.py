"""The language of scenarios: what may be written, and what is wrong with what was written."""
