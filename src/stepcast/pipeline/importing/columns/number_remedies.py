"""Numbers as spreadsheets and people write them, and what to write instead."""

import math
import re
import unicodedata

__all__ = ["FLOAT", "number_remedy", "says_missing"]

FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
INFINITE = re.compile(r"[+-]?inf(inity)?", re.IGNORECASE)
WORDS_FOR_MISSING = """
    null (null) none na n/a #n/a #na n.a. n/d n.d. nil missing undefined void empty blank (blank) unknown tbd
    - -- --- \u2013 \u2014 ? . .. ... * \\n <na> <null> nat
"""
MISSING_WORDS = frozenset(WORDS_FOR_MISSING.split())
SPREADSHEET_ERROR = re.compile(
    r"#(value|ref|div/0|name|num|null|spill|calc|getting_data)[!?]?", re.IGNORECASE
)
YES_OR_NO = {"true": 1, "false": 0, "yes": 1, "no": 0, "y": 1, "n": 0, "t": 1, "f": 0, "on": 1, "off": 0}
MINUS = "\u2212\u2010\u2011\u2012\u2013\u2014\ufe63\uff0d"
DIGITS = r"\d[\d., ']*"
LONGEST = 60  # characters; a number is shorter
# Around the digits: a sign or a currency before them; a unit, a percent sign or a sign after them.
AROUND = re.compile(
    rf"(?P<before>[^\d+.,-]*)(?P<sign>[+-]?)(?P<inner>[^\d.,]*)(?P<digits>{DIGITS}|[.,]\d+)(?P<after>\D*.*)"
)
SIGNS = "[A-Z]{0,3}[$\u00a2-\u00a5\u20a0-\u20cf~\u2248<>=' ]*"  # a currency, or about


def says_missing(cell: str) -> bool:
    """Whether the cell is a word for a missing value and should be empty.

    >>> says_missing("N/A"), says_missing("many")
    (True, False)
    """
    return cell.strip().lower() in MISSING_WORDS


def number_remedy(cell: str, example: str) -> str:
    """What to write instead of ``cell``, which is not a number; ``example`` is one.

    >>> number_remedy("$1,200.50", "38.35")
    'Write only the number: 1200.50'
    """
    cell = cell.strip()
    if INFINITE.fullmatch(cell) or (FLOAT.fullmatch(cell) and math.isinf(float(cell))):
        return "Write a finite number, or leave the cell empty if the value is missing"
    if says_missing(cell):
        return "Leave the cell empty if the value is missing"
    if SPREADSHEET_ERROR.fullmatch(cell):
        return "This is a spreadsheet error: correct the formula, or leave the cell empty"
    if cell.lower() in YES_OR_NO:
        return f"Write {YES_OR_NO[cell.lower()]} instead of {cell}: 1 for yes, 0 for no"
    return (
        _rewritten(cell)
        or f"Write a number such as {example}, or leave the cell empty if the value is missing"
    )


def _rewritten(cell: str) -> str | None:
    """The remedy with the number itself; None if the number is ambiguous."""
    if len(cell) > LONGEST:
        return None
    text = unicodedata.normalize("NFKC", cell)  # full-width digits and non-breaking spaces
    text = "".join(str(unicodedata.decimal(letter, letter)) for letter in text)
    minus = next((letter for letter in MINUS if letter in cell), None)
    for letter in MINUS:
        text = text.replace(letter, "-")
    if text == cell and FLOAT.fullmatch(text):
        return None  # the format is correct
    if FLOAT.fullmatch(text):
        if minus is not None:
            return (
                f"Write the minus sign as a hyphen: {text} (the cell has {unicodedata.name(minus)}, "
                f"U+{ord(minus):04X})"
            )
        return f"Write plain digits: {text}"
    negative = False
    if accounting := re.fullmatch(r"(\D*)\((.+)\)(\D*)", text):
        text, negative = "".join(accounting.groups()), True
    found = AROUND.fullmatch(text)
    if found is None or not re.fullmatch(r"\D*|\s*[^\d\s/]+[23]", found["after"]):
        return None
    before, after = (found["before"] + found["inner"]).strip(), found["after"].strip()
    if not re.fullmatch(SIGNS, before):
        return None
    if after == "-":  # as SAP exports it
        negative, after = True, ""
    plain = _plain(found["digits"].strip(" '"))
    if plain is None:
        return None
    sign = "-" if negative or found["sign"] == "-" else ""
    numbers = [sign + number for number in plain]
    if after == "%":
        return f"Write the number without the sign, using the same unit in every row: {numbers[0]}"
    if len(numbers) > 1:
        return (
            f"Write {numbers[0]} if the comma separates thousands, or {numbers[1]} if it is a decimal comma"
        )
    if before or after or negative:
        unit = " using the same unit in every row" if after else ""
        return f"Write only the number{',' * bool(unit)}{unit}: {numbers[0]}"
    if (
        re.search("[ ']", found["digits"].strip())
        or found["digits"].count(",") + found["digits"].count(".") > 1
    ):
        return f"Write the number without separators: {numbers[0]}"
    return f"Use a decimal point: {numbers[0]}"


def _plain(digits: str) -> list[str] | None:
    """``digits`` with a decimal point only; two readings if a comma is ambiguous; None if not a number.

    >>> _plain("1.234,5"), _plain("1,234"), _plain("12,5"), _plain("1 234 567")
    (['1234.5'], ['1234', '1.234'], ['12.5'], ['1234567'])
    """
    text = re.sub("[ ']", "", digits)
    if re.search("[ ']", digits) and not re.fullmatch(r"\d{1,3}([ ']\d{3})+([.,]\d+)?", digits):
        return None
    marks = re.findall("[.,]", text)
    last = marks[-1] if marks else ""
    if not marks or (last == "." and len(marks) == 1):
        return [text]
    if len(set(marks)) == 1 and len(marks) > 1:  # the same mark repeated
        return [text.replace(last, "")] if re.fullmatch(rf"\d{{1,3}}(\{last}\d{{3}})+", text) else None
    if len(marks) > 1:
        other = "," if last == "." else "."
        if text.count(last) > 1 or not re.fullmatch(rf"\d{{1,3}}(\{other}\d{{2,3}})*\{last}\d+", text):
            return None
        return [text.replace(other, "").replace(last, ".")]
    decimal = text.replace(",", ".")
    both = re.fullmatch(r"[1-9]\d{0,2},\d{3}", text)
    return [text.replace(",", ""), decimal] if both else [decimal]
