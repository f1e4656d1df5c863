"""How members become one distribution: weights, spread, calibration."""
