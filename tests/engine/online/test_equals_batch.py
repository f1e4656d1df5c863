"""With parameters and weights held, going on value by value is the AutoPredictor's own pass over it all.

Batch here is ``forecast_members``, the function that makes every forecast of the AutoPredictor, over the
longer history: effects of the calendar, the sizes of logarithms and theta's season are those of the first
part, and parameters the ones that were found at its end. Two members are defined by their recursion, since
the window that the AutoPredictor takes means of is longer than what a record keeps.
"""

from collections.abc import Mapping

import numpy as np
import pytest

from stepcast.engine import online
from stepcast.engine.auto import fit_shared
from stepcast.engine.auto.ensemble.cross_validation import cross_validate
from stepcast.engine.auto.members import smoothing_kernels
from stepcast.engine.auto.members.members import Members, Request, forecast_members
from stepcast.engine.auto.members.smoothing import LONGEST_FIT, Fitted, forms_of
from stepcast.engine.auto.series.history import History, histories_of
from stepcast.engine.online import examine
from stepcast.engine.online.examine import able_names, record_with
from stepcast.engine.online.observing import member_forecasts
from tests.engine.online.streams import END, Stream, panel_of, seasonal
