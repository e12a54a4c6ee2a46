"""Syntax highlighting of Python."""

from __future__ import annotations

import builtins
import keyword
import re

from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from gdviewer.engine.rules import parameter
from gdviewer.ui.widgets.theme import look

_KNOWN = {name for name in (*dir(builtins), *vars(parameter), "np", "optimizer") if not name.startswith("_")}
_QUOTES = "'''", '"""'
_PART = re.compile(
    r"(?P<comment>\#.*)"
    r"|(?P<string>[rbfuRBFU]{0,2}(?P<quote>'''|\"\"\"|'|\"))"
    r"|(?P<number>\b(?:0[xX][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?j?)\b)"
    r"|(?P<decorator>^\s*@[\w.]+)"
    r"|(?P<definition>(?<=\bdef\s)\s*\w+|(?<=\bclass\s)\s*\w+)"
    r"|(?P<attribute>(?<=\.)\w+)"
    r"|(?P<name>[^\W\d]\w*)"
)


class PythonHighlighter(QSyntaxHighlighter):
    """Colours keywords, strings, comments, numbers and names that need no import."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._formats: dict[str, QTextCharFormat] = {}
        self.restyle()

    def restyle(self) -> None:
        """Use the colours of the theme."""
        theme = look().theme
        self._formats = {
            "keyword": _format(theme.accent, bold=True),
            "known": _format(theme.run_color(1).name()),
            "string": _format(theme.run_color(2).name()),
            "number": _format(theme.run_color(0).name()),
            "comment": _format(theme.muted),
            "decorator": _format(theme.run_color(1).name()),
            "definition": _format(theme.text, bold=True),
        }
        self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        at = 0
        if (inside := self.previousBlockState()) > 0:
            at = self._string(text, 0, 0, _QUOTES[inside - 1])
        else:
            self.setCurrentBlockState(0)
        while found := _PART.search(text, at):
            kind, start, at = found.lastgroup or "", found.start(), found.end()
            if found["string"]:
                at = self._string(text, start, at, found["quote"])
                continue
            if kind == "name":
                word = found[0]
                kind = "keyword" if keyword.iskeyword(word) else "known" if word in _KNOWN else ""
            if kind in self._formats:
                self.setFormat(start, at - start, self._formats[kind])

    def _string(self, text: str, start: int, at: int, quote: str) -> int:
        """Colour a string and return its end; ``at`` is the position after its opening quote."""
        end = at
        while end < len(text) and not text.startswith(quote, end):
            end += 2 if text[end] == "\\" else 1
        closed = end < len(text)
        end = min(end + len(quote), len(text)) if closed else len(text)
        self.setFormat(start, end - start, self._formats["string"])
        self.setCurrentBlockState(0 if closed or len(quote) == 1 else 1 + _QUOTES.index(quote))
        return end


def _format(color: str, bold: bool = False) -> QTextCharFormat:
    style = QTextCharFormat()
    style.setForeground(QColor(color))
    if bold:
        style.setFontWeight(QFont.Weight.DemiBold)
    return style
