"""The catalogue's Markdown, as a reader of Markdown shows it."""

from __future__ import annotations

from PySide6.QtGui import QTextDocument

from gdviewer import optimizers, problems
from gdviewer.engine.notation.notation import expression, formulas
from gdviewer.experiment.catalogue import markdown


def test_that_a_reader_of_markdown_shows_all_of_it(qapp):
    document = QTextDocument()
    document.setMarkdown(markdown(), QTextDocument.MarkdownFeature.MarkdownDialectGitHub)
    shown = document.toPlainText()
    words = []
    for o in optimizers.catalogue().values():
        words += [o.title, o.summary, o.source, *formulas(o.function), *o.hyperparameters]
        words += [text for p in o.hyperparameters.values() for text in (p.range_text, p.meaning)]
    for p in problems.catalogue().values():
        words += [p.title, p.why, p.source, expression(p.formula)]
    assert [word for word in words if word.strip() not in shown] == []
