"""The report's note on the timestamps of the rows."""

from stepcast.engine.frequency import Frequency, Stamp
from stepcast.pipeline.importing.periods.anchor import in_words
from stepcast.pipeline.importing.target.series_collector import SeriesCollector
from stepcast.pipeline.problems import Report

__all__ = ["note_anchor"]


def note_anchor(collected: SeriesCollector, frequency: Frequency, report: Report) -> None:
    """Note the forecast's timestamps if they are not the beginnings of the periods."""
    agreement = collected.anchor.agreement()
    if frequency.stamp != Stamp():
        rows = "All rows" if agreement.share == 1 else f"{agreement.share:.1%} of the rows"
        text = f"{rows} are stamped {in_words(frequency)}, and the forecast uses the same timestamps"
        report.note(f"{text}. To change this, set TimeAlignmentBoundary in params.json.")
    elif not agreement.reached and collected.rhythm.keeps(frequency):
        text = f"There is one row per period of {frequency}, but at varying positions within it"
        report.note(f"{text}. The forecast is stamped with the beginning of each period.")
