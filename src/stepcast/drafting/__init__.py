"""Generates a params.json for files: the roles of columns, the frequency of rows, a horizon."""

from stepcast.drafting.draft import Assumption, Draft, Wishes, draft, schema_name
from stepcast.drafting.sample import ONE_ITEM, Sample, sample_of

__all__ = ["ONE_ITEM", "Assumption", "Draft", "Sample", "Wishes", "draft", "sample_of", "schema_name"]
