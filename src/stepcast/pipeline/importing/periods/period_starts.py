"""Describes where the periods of a frequency begin, to compare with the timestamps of a file."""

from datetime import datetime, timedelta

from stepcast.engine.frequency import Frequency

__all__ = ["period_starts"]

MONTHS = 12
MINUTES_OF_A_DAY = 1440


def period_starts(frequency: Frequency, start: datetime) -> str:
    """A description of the moments at which periods begin; ``start`` is one of them.

    >>> period_starts(Frequency.parse("W"), datetime(2024, 7, 12))
    'weeks from Friday'
    >>> period_starts(Frequency.parse("2H"), datetime(2024, 7, 12, 5))
    'periods from 01:00, 03:00, 05:00 ... 23:00'
    >>> period_starts(Frequency.parse("3M"), datetime(2024, 3, 1))
    'periods from the first of March, June, September, December'
    >>> period_starts(Frequency.parse("5H"), datetime(2024, 3, 1, 5))
    'periods from 05:00 of 2024-03-01, every 5 hours'
    """
    clock = f" at {start:%H:%M}" if (start.hour, start.minute) != (0, 0) else ""
    if frequency.unit in ("s", "min", "H"):
        return _times(frequency, start)
    if frequency.unit in ("D", "B"):
        every = "days" if frequency.count == 1 else f"every {frequency.count} days, such as {start:%Y-%m-%d}"
        return f"{every} from {start:%H:%M}" if clock else (every if frequency.count > 1 else "calendar days")
    if frequency.unit == "W":
        if frequency.count == 1:
            return f"weeks from {start:%A}{clock}"
        return f"every {frequency.count} weeks on {start:%A}{clock}, such as {start:%Y-%m-%d}"
    ends = (start + timedelta(days=1)).day == 1
    day = "the last day" if ends else "the first" if start.day == 1 else f"day {start.day}"
    if frequency.unit == "M" and frequency.count == 1:
        return "calendar months" if start.day == 1 and not clock else f"months from {day}{clock}"
    if frequency.unit == "Y":
        january = start.month == 1 and start.day == 1 and not clock
        return "calendar years" if january else f"years from {day} of {start:%B}{clock}"
    return f"periods from {day} of {_months(frequency, start)}{clock}"


def _times(frequency: Frequency, start: datetime) -> str:
    if frequency.unit == "s":
        return "periods of seconds"
    step = frequency.count * (60 if frequency.unit == "H" else 1)
    if step == 60 and start.minute == 0:
        return "full hours"
    if step == 1:
        return "full minutes"
    if MINUTES_OF_A_DAY % step:
        return f"periods from {start:%H:%M} of {start:%Y-%m-%d}, every {_length(frequency)}"
    first = (start.hour * 60 + start.minute) % step
    if step <= 60 and 60 % step == 0:
        return "periods from minutes " + _row([f"{minute:02}" for minute in range(first, 60, step)])
    times = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(first, MINUTES_OF_A_DAY, step)]
    return "periods from " + _row(times)


def _months(frequency: Frequency, start: datetime) -> str:
    if MONTHS % frequency.count:
        return f"{start:%B %Y}, every {frequency.count} months"
    first = (start.month - 1) % frequency.count
    names = [datetime(2000, month + 1, 1).strftime("%B") for month in range(first, MONTHS, frequency.count)]
    return ", ".join(names)


def _length(frequency: Frequency) -> str:
    return f"{frequency.count} {'hours' if frequency.unit == 'H' else 'minutes'}"


def _row(times: list[str], most: int = 4) -> str:
    return ", ".join(times) if len(times) <= most else f"{', '.join(times[: most - 1])} ... {times[-1]}"
