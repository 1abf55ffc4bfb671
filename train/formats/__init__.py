"""Files for other runtimes: written by their own converters, read back to be checked and scored."""

from train.formats.registry import FORMATS, Format, exported_file, open_exported

__all__ = ["FORMATS", "Format", "exported_file", "open_exported"]
