"""Drift detection: do new values still resemble those that a predictor was trained on?"""

from stepcast.engine.drift.discoveries import discoveries, drifts
from stepcast.engine.drift.examine import FEWEST_OUTCOMES, KINDS, Evidence, Watched, examine

__all__ = ["FEWEST_OUTCOMES", "KINDS", "Evidence", "Watched", "discoveries", "drifts", "examine"]
