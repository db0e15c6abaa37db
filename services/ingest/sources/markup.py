"""From HTML, as networks and feeds give it, to plain text."""

from typing import Any

from lxml import etree

MAX_MARKUP = 100_000
"""Characters of markup that are read; what comes after is cut off."""
_BLOCKS = frozenset(
    {"p", "div", "li", "ul", "ol", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "table", "article"}
)
_SILENT = frozenset({"script", "style", "template", "noscript"})


def plain_text(markup: str) -> str:
    """Return what a reader sees: entities resolved, a line for `br`, a blank line between blocks; never raises.

    Linear in the length of the markup, whatever it is. A comment that never closes hides nothing.
    """
    closed, end, open_ended = markup[:MAX_MARKUP].rpartition("-->")
    whole = closed + end + open_ended.replace("<!--", "")
    parser = etree.HTMLParser(target=_Reader(), encoding="utf-8")
    parser.feed(b"<body>" + whole.replace("\x00", "").encode("utf-8", "replace"))
    text: str = parser.close()
    return text


class _Reader:
    """What lxml tells of the tags and texts that it meets."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._silent = 0

    def start(self, tag: str, _: Any) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag == "br":
            self._pieces.append("\n")
        elif tag in _BLOCKS:
            self._pieces.append("\n\n")

    def end(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent -= 1
        elif tag in _BLOCKS:
            self._pieces.append("\n\n")

    def data(self, text: str) -> None:
        if not self._silent:
            self._pieces.append(text)

    def close(self) -> str:
        kept: list[str] = []
        for line in map(str.strip, "".join(self._pieces).splitlines()):
            if line or (kept and kept[-1]):
                kept.append(line)
        return "\n".join(kept).strip()
