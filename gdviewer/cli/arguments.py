"""Common parts of the commands: the parser, the error of invalid use, and the reading of single flags."""

from __future__ import annotations

import argparse
import itertools
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from gdviewer.engine.rules.parameter import nearest

INTERRUPTED = 130  # the exit code after Ctrl+C, as in a shell


class UsageError(Exception):
    """Invalid use of the command line; the message is one line."""


class Parser(argparse.ArgumentParser):
    """A parser whose error messages are one line and suggest the nearest flag."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        unknown = re.match(r"unrecognized arguments: (\S+)", message)
        if unknown:
            flag = unknown.group(1).partition("=")[0]
            hint = nearest(flag, self._option_string_actions) or "; --help lists the arguments"
            message = f"unknown argument {flag!r}{hint}"
        raise UsageError(message)


def value_of(flag: str, words: Sequence[str]) -> str | None:
    """Return the value of a flag, from ``--flag value`` or ``--flag=value``; None without the flag."""
    for word, following in itertools.zip_longest(words, words[1:]):
        if word == flag:
            return following
        if word.startswith(flag + "="):
            return word[len(flag) + 1 :]
    return None


def awaits_value(word: str) -> bool:
    """Return True if the word is a flag whose value is the next word."""
    return word.startswith("--") and "=" not in word and word not in ("--json", "--help", "--version")


def positional(words: Sequence[str]) -> list[str]:
    """Return the words that are neither flags nor values of flags."""
    before = ["", *words]
    return [word for word, last in zip(words, before, strict=False) if word[:1] != "-" and not awaits_value(last)]


def join_negative(words: list[str]) -> list[str]:
    """Join a flag and a value that begins with a minus, as in `--start=-1,2`.

    Otherwise argparse reads the value of `--start -1,2` or `--formula -x**2` as a flag.
    """
    joined: list[str] = []
    for word in words:
        if re.match(r"-[^-]", word) and word != "-h" and joined and awaits_value(joined[-1]):
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined
