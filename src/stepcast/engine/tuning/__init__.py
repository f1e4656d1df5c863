"""Hyperparameter tuning: which training parameters forecast the first backtest window best, found by Optuna.

``ranges`` needs neither NumPy nor Optuna: the functions that check params.json have neither.
"""
