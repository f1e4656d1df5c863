"""A params.json for somebody's files: what their columns are, how often rows come, how far to look ahead."""

from stepcast.cli.drafting.draft import Assumption, Draft, Wishes, draft
from stepcast.cli.drafting.sample import ONE_ITEM, Sample, sample_of

__all__ = ["ONE_ITEM", "Assumption", "Draft", "Sample", "Wishes", "draft", "sample_of"]
