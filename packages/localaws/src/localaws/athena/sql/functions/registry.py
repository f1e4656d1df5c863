"""Every function that queries may call, by name."""

from localaws.athena.sql.functions import aggregates, containers, json_text, moments, numbers, strings
from localaws.athena.sql.functions.signature import Function, scalar

__all__ = ["FUNCTIONS", "known_elsewhere"]

_OTHERS = [
    scalar("uuid() -> varchar", "CAST(uuid() AS VARCHAR)"),
    scalar("version() -> varchar", "'Athena engine version 3'"),
]

FUNCTIONS: dict[str, list[Function]] = {}
for _module in (strings, numbers, moments, containers, json_text, aggregates):
    for _function in _module.FUNCTIONS:
        FUNCTIONS.setdefault(_function.name, []).append(_function)
for _function in _OTHERS:
    FUNCTIONS.setdefault(_function.name, []).append(_function)

# Athena has these, and all that begin with st_: they are refused as not supported here, and not as unknown.
_ELSEWHERE = frozenset({
    "all_keys_match", "any_keys_match", "any_values_match", "approx_most_frequent", "approx_set",
    "array_first", "array_frequency", "array_last", "bar", "beta_cdf", "bing_tile", "bing_tile_at",
    "bitwise_right_shift", "bitwise_xor_agg", "checksum", "classify", "color", "combinations",
    "convex_hull_agg", "cosine_similarity", "crc32", "current_timezone", "empty_approx_set", "entropy",
    "evaluate_classifier_predictions", "features", "from_base32", "from_base64url", "from_big_endian_32",
    "from_big_endian_64", "from_encoded_polyline", "from_geojson_geometry", "from_ieee754_32",
    "from_ieee754_64", "from_iso8601_timestamp_nanos", "from_unixtime_nanos", "geometry_union",
    "geometry_union_agg", "great_circle_distance", "hash_counts", "hmac_md5", "hmac_sha1", "hmac_sha256",
    "hmac_sha512", "human_readable_seconds", "intersection_cardinality", "inverse_beta_cdf",
    "inverse_normal_cdf", "jaccard_index", "json_array", "json_array_contains", "json_exists", "json_object",
    "learn_classifier", "learn_regressor", "line_interpolate_point", "line_locate_point", "luhn_check",
    "make_set_digest", "map_union", "map_zip_with", "merge", "merge_set_digest", "multimap_agg",
    "multimap_from_entries", "murmur3", "ngrams", "no_keys_match", "no_values_match", "normal_cdf",
    "numeric_histogram", "objectid", "objectid_timestamp", "parse_data_size", "parse_duration",
    "parse_presto_data_size", "qdigest_agg", "quantile_at_value", "reduce_agg", "regexp_position", "render",
    "rgb", "sha512", "shuffle", "simplify_geometry", "soundex", "spatial_partitioning", "split_to_multimap",
    "spooky_hash_v2_32", "spooky_hash_v2_64", "strrpos", "tdigest_agg", "timezone_hour", "timezone_minute",
    "to_base32", "to_base64url", "to_big_endian_32", "to_big_endian_64", "to_encoded_polyline",
    "to_geojson_geometry", "to_geometry", "to_ieee754_32", "to_ieee754_64", "to_spherical_geography",
    "url_extract_port", "value_at_quantile", "values_at_quantiles", "wilson_interval_lower",
    "wilson_interval_upper", "word_stem", "xxhash64",
})  # fmt: skip


def known_elsewhere(name: str) -> bool:
    """Whether Athena has the function ``name`` and this engine has not.

    >>> known_elsewhere("st_contains"), known_elsewhere("foo")
    (True, False)
    """
    return name not in FUNCTIONS and (name in _ELSEWHERE or name.startswith("st_"))
