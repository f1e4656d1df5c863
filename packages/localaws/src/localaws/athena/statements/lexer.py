"""Words of a statement, in Trino's and in Hive's spelling: "quoted", `quoted`, 'string', and comments."""

import re
from dataclasses import dataclass

from localaws.athena.errors import QueryFailed
from localaws.athena.sql.dialect import place

__all__ = ["Word", "Words"]

_HIVE_STRING = r"""'(?:[^'\\]|''|\\.)*' | "(?:[^"\\]|""|\\.)*\""""
_TRINO_STRING = r"""'(?:[^']|'')*' | "(?:[^"]|"")*\""""
_LEXEME = r"""(?P<space>\s+|--[^\n]*|/\*.*?\*/)
      | (?P<string>STRING)
      | (?P<backtick>`(?:[^`]|``)*`)
      | (?P<word>[A-Za-z_@$][\w$]*)
      | (?P<number>\d+(?:\.\d+)?)
      | (?P<sign>.)"""
# Hive's statements have a backslash in strings, Trino's have not.
_HIVE = re.compile(
    r"\s*(ALTER|MSCK|SHOW|DESC|DESCRIBE|DROP|CREATE\s+(EXTERNAL|DATABASE|SCHEMA))\b", re.IGNORECASE
)
_LEXEMES = {
    string: re.compile(_LEXEME.replace("STRING", string), re.VERBOSE | re.DOTALL)
    for string in (_HIVE_STRING, _TRINO_STRING)
}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "0": "\0", "Z": "\x1a"}


@dataclass(frozen=True, slots=True)
class Word:
    """``kind`` is word, string (in either quotes), backtick, number, sign or end."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def value(self) -> str:
        """The text without its quotes, escapes resolved as Hive does."""
        if self.kind == "backtick":
            return self.text[1:-1].replace("``", "`")
        if self.kind == "string":
            quote = self.text[0]
            inner = self.text[1:-1].replace(quote * 2, quote)
            inner = re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), inner)
            return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), inner, flags=re.DOTALL)
        return self.text


class Words:
    """A statement, read word by word.

    Methods raise QueryFailed (SYNTAX_ERROR with the place) where something else stands than is expected.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        lexemes = _LEXEMES[_HIVE_STRING if _HIVE.match(text) else _TRINO_STRING]
        self._words = [
            Word(str(found.lastgroup), found[0], found.start(), found.end())
            for found in lexemes.finditer(text)
            if found.lastgroup != "space"
        ]
        while self._words and self._words[-1].text == ";":
            self._words.pop()
        end = self._words[-1].end if self._words else 0
        self._words.append(Word("end", "<EOF>", end, end))
        self._at = 0

    @property
    def next(self) -> Word:
        return self._words[self._at]

    def looks(self, *expected: str) -> bool:
        """Whether these words come next, in any case."""
        coming = self._words[self._at : self._at + len(expected)]
        return [word.text.upper() for word in coming] == [word.upper() for word in expected]

    def accept(self, *expected: str) -> bool:
        """Skip these words if they come next."""
        if not self.looks(*expected):
            return False
        self._at += len(expected)
        return True

    def expect(self, *expected: str) -> None:
        if not self.accept(*expected):
            raise self.mismatch(f"'{' '.join(expected)}'")

    def take(self) -> Word:
        word = self.next
        if word.kind != "end":
            self._at += 1
        return word

    def name(self) -> str:
        """One identifier, in lower case as the catalog has it."""
        if self.next.kind not in {"word", "backtick", "string"} or self.next.text.startswith("'"):
            raise self.mismatch("a name")
        return self.take().value.lower()

    def qualified_name(self) -> tuple[str, ...]:
        """``table``, ``database.table`` or ``catalog.database.table``."""
        parts = [self.name()]
        while self.accept("."):
            parts.append(self.name())
        return tuple(parts)

    def string(self) -> str:
        if self.next.kind != "string":
            raise self.mismatch("a string")
        return self.take().value

    def rest(self) -> str:
        """The text from here to the end."""
        begin, end = self.next.start, self._words[-1].end
        self._at = len(self._words) - 1
        return self.text[begin:end]

    def inside_parentheses(self) -> str:
        """The text between the parentheses that come next."""
        self.expect("(")
        begin, depth = self.next.start, 1
        while depth:
            word = self.take()
            if word.kind == "end":
                raise self.mismatch("')'")
            depth += (word.text == "(") - (word.text == ")")
        return self.text[begin : word.start]

    def end(self) -> None:
        if self.next.kind != "end":
            raise self.mismatch("the end of the statement")

    def mismatch(self, expected: str) -> QueryFailed:
        line, column = place(self.text, self.next.start)
        return QueryFailed(
            "SYNTAX_ERROR",
            f"line {line}:{column}: mismatched input '{self.next.text}'. Expecting: {expected}",
        )
