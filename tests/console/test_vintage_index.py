"""The index of a vintage: the summary that Export writes, or the files of an old vintage."""

from typing import Any

import numpy as np
import pytest

from stepcast.console.vintage_index import VintageIndex, read_index
from stepcast.pipeline import layout, vintages
from tests.cli import small_input
from tests.console.conftest import EVIL, Site, clients


def indexed(s3: Any, bucket: str) -> VintageIndex:
    manifest = vintages.current(s3, bucket)
    assert manifest is not None
    return read_index(s3, bucket, layout.FORECAST, manifest)


def test_a_vintage_without_a_summary_has_the_same_index(site: Site) -> None:
    facts = site.serving.facts
    with clients(facts, "s3") as s3:
        index = indexed(s3, facts["bucket"])
        place = {
            "Bucket": facts["bucket"],
            "Key": layout.item_summary(layout.FORECAST, index.manifest.vintage),
        }
        body = s3.get_object(**place)["Body"].read()
        s3.delete_object(**place)
        try:
            old = indexed(s3, facts["bucket"])
        finally:
            s3.put_object(**place, Body=body)

    assert [index.key(one)[0] for one in range(4)] == [EVIL, "desk lamp", "floor lamp", "street lamp"]
    assert index.texts == old.texts
    assert index.shards.tolist() == old.shards.tolist()
    assert index.volume == pytest.approx(old.volume)
    assert index.noted.tolist() == old.noted.tolist()
    for name, values in index.figures.items():
        np.testing.assert_allclose(values, old.figures[name])
    assert index.attributes["location"].to_pylist() == [small_input.SHOP] * 4
    with clients(facts, "s3") as s3:  # earlier vintages keep theirs
        (earlier,) = vintages.names(s3, facts["bucket"], layout.HISTORY)
        s3.head_object(Bucket=facts["bucket"], Key=layout.item_summary(layout.HISTORY, earlier))
