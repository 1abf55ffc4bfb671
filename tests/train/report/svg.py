"""The words of a chart: SVG keeps them as text."""

import base64
import re
from html import unescape


def words(address: str) -> list[str]:
    """Every text of an SVG `data:` address, in order."""
    svg = base64.b64decode(address.partition(",")[2]).decode("utf-8")
    return [unescape(each).strip() for each in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]
