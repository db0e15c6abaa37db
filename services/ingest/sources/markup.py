"""From HTML, as networks and feeds give it, to plain text."""

import re
from html.parser import HTMLParser

MAX_MARKUP = 100_000
"""Characters of markup that are read; what comes after is cut off."""
_BLOCKS = frozenset(
    {"p", "div", "li", "ul", "ol", "blockquote", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "table", "article"}
)
_NEVER_CLOSED = re.compile(r"<(?=!\[)|<(?![^<>]{1,2000}>)")
_SILENT = frozenset({"script", "style", "template", "noscript"})


def plain_text(markup: str) -> str:
    """Return what a reader sees: entities resolved, a line for `br`, a blank line between blocks; never raises."""
    reader = _Reader()
    reader.feed(_tamed(markup[:MAX_MARKUP]))
    reader.close()
    return reader.text()


def _tamed(markup: str) -> str:
    """Return markup whose every tag is closed soon, in linear time.

    The library's parser looks to the end of the text for each tag, comment and section that never closes: a
    hundred kilobytes of `<a ` would hold it up for minutes. Such beginnings become text here, comments go.
    """
    pieces, place = [], 0
    while (start := markup.find("<!--", place)) >= 0 and (end := markup.find("-->", start + 4)) >= 0:
        pieces.append(markup[place:start])
        place = end + 3
    pieces.append(markup[place:].replace("<!--", ""))
    return _NEVER_CLOSED.sub("&lt;", "".join(pieces))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._pieces: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the library's
        if tag in _SILENT:
            self._silent += 1
        elif tag == "br":
            self._pieces.append("\n")
        elif tag in _BLOCKS:
            self._pieces.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self._pieces.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._pieces.append(data)

    def text(self) -> str:
        lines = [" ".join(line.split(" ")).strip() for line in "".join(self._pieces).replace("\x00", "").splitlines()]
        kept: list[str] = []
        for line in lines:
            if line or (kept and kept[-1]):
                kept.append(line)
        return "\n".join(kept).strip()
