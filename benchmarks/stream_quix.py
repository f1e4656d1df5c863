"""For benchmarks/stream.py --quix: quixstreams sums observations by hour and item, exactly once."""

import sys
import tempfile
from datetime import UTC, datetime, timedelta

from quixstreams import Application


def moment(value: dict, *_: object) -> int:
    stamp = datetime.strptime(value["timestamp"], "%Y-%m-%d %H:%M:%S")
    return int(stamp.replace(tzinfo=UTC).timestamp() * 1000)


def main() -> None:
    bootstrap = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        app = Application(
            broker_address=bootstrap,
            consumer_group="quix",
            auto_offset_reset="earliest",
            processing_guarantee="exactly-once",
            state_dir=folder,
            loglevel="ERROR",
            # One broker keeps one copy.
            producer_extra_config={"compression.type": "lz4"},
        )
        source = app.topic("readings", value_deserializer="json", timestamp_extractor=moment)
        target = app.topic("quix-sums", value_serializer="json")
        values = app.dataframe(source).apply(lambda value: value["target_value"])
        values.tumbling_window(timedelta(hours=1)).sum().final().to_topic(target)
        app.run(timeout=10)  # seconds without a message


if __name__ == "__main__":
    main()
