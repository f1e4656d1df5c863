"""Whose holidays are known. Light: params.json is checked where the engine's packages are not installed."""

__all__ = ["COUNTRIES"]

# Source: Amazon Forecast Developer Guide, "Holidays Featurization". It says UK, where ISO 3166 has GB.
CODES = """
AE AL AR AT AU BA BE BG BO BR BY CA CH CL CO CR CZ DE DK EC EE ES ET FI FR GR HR HU IE IN IS IT JP KR KZ LI LT
LU LV MD ME MK MT MX NG NI NL NO NZ PA PE PL PT PY RO RS RU SE SI SK UA UK US UY VE ZA
"""
COUNTRIES = tuple(CODES.split())
