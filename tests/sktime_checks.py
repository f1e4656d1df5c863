"""All that sktime itself checks of a forecaster, on ours.

    python -m tests.sktime_checks

In an environment of its own: sktime needs an earlier pandas than the one that is locked.
"""

import logging
import warnings

__all__ = ["main"]


def main() -> int:
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    import sktime
    from sktime.utils.estimator_checks import check_estimator

    from stepcast.connect.sktime import StepcastForecaster

    found = check_estimator(StepcastForecaster, verbose=False)
    failed = {name: told for name, told in found.items() if told != "PASSED"}
    print(f"sktime {sktime.__version__}: {len(found) - len(failed)} of {len(found)} checks passed")
    for name, told in failed.items():
        print(f"{name}: {told!r}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
