"""Check the language of the project: `python .ci/check_words.py [path …]` prints each fault and exits with 1.

The words in `PHRASES` are unusual English that a reader of English as a second language stumbles over; those in
`NAMES` are identifiers with a better name in the field. The docstring of a function or class begins with a verb or a
noun, not with a question word.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

PHRASES = {
    r"tells?|told|telling": "show, report, explain, say",
    r"tak(?:e|es|en|ing) up|took up": "use, read, start, adopt",
    r"let(?:s|ting)? go of": "release, drop, forget",
    r"anew": "again, new",
    r"mend(?:s|ed|ing)?": "correct, fix",
    r"so many|so long|so much": "a number of, as many as, for a time",
    r"(?:of|on) one's own": "your own, user-defined",
    r"it is said|is said of": "is reported",
    r"as far as (?:they are|it is|is)": "the part that exists",
    r"is taken never|takes? notice|take note": "record, ignore",
    r"to be had": "available",
    r"bears?": "tolerates, allows",
    r"looked at": "shown, selected, current",
    r"whatever|whosoever|wherever": "any, always",
    r"comes? to|came to": "results in, is",
}
NAMES = {"tell", "tells", "told", "telling", "anew", "mend", "mended", "keeper", "judged", "misfit", "usual"}
WHOLE_NAMES = {"printed", "place", "ground", "spreads", "own", "take_up", "take_note"}
QUESTION = re.compile(r"(?:What|Whether|Who|Whose|Whom|Which|How|Where|When|Why)\b")
PROSE = [(re.compile(rf"\b(?:{pattern})\b", re.I), better) for pattern, better in PHRASES.items()]


def faults_of_text(text: str, line: int) -> Iterator[tuple[int, str]]:
    """Yield line and message of each unusual phrase in a piece of text that begins on ``line``."""
    flat = re.sub(r"\n[ \t]*#?[ \t]*", lambda m: "\n" + " " * (len(m.group()) - 1), text)
    for pattern, better in PROSE:
        for match in pattern.finditer(re.sub(r"\s", " ", flat)):
            yield line + flat.count("\n", 0, match.start()), f"'{match.group()}': write {better}"


def faults_of_python(source: str) -> Iterator[tuple[int, str]]:
    """Yield the faults of a Python file: in docstrings, comments, strings and identifiers."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node)
            if docstring and QUESTION.match(docstring):
                yield node.body[0].lineno, f"docstring begins with '{docstring.split()[0]}'"
    seen: set[str] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        kind = tokenize.tok_name[token.type]
        if kind == "NAME":
            parts = {part.lower() for part in token.string.strip("_").split("_")}
            name = token.string.strip("_").lower()
            if (parts & NAMES or name in WHOLE_NAMES) and token.string not in seen:
                seen.add(token.string)
                yield token.start[0], f"identifier '{token.string}'"
        elif kind in ("STRING", "COMMENT", "FSTRING_MIDDLE"):
            yield from faults_of_text(token.string, token.start[0])


def files_below(paths: list[str]) -> Iterator[Path]:
    """Yield the Python and Markdown files that git knows below the paths; without a repository, all of them."""
    listed = subprocess.run(["git", "ls-files", *paths], capture_output=True, text=True)
    if listed.returncode == 0:
        files = map(Path, listed.stdout.splitlines())
    else:
        files = (found for path in map(Path, paths) for found in ([path] if path.is_file() else path.rglob("*")))
    for path in sorted(files):
        if path.suffix in (".py", ".md") and path.name != "check_words.py":
            yield path


def main(paths: list[str]) -> int:
    """Check the files below ``paths``, by default all."""
    count = 0
    for path in files_below(paths or ["."]):
        text = path.read_text()
        for line, message in sorted(faults_of_python(text) if path.suffix == ".py" else faults_of_text(text, 1)):
            count += 1
            print(f"{path}:{line}: {message}")
    print(f"{count} faults" if count else "No fault of language found.")
    return bool(count)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
