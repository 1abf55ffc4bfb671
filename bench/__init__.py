"""Repeatable measurements; `python -m bench --help`."""
