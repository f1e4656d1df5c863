"""S3 with objects as files: bodies never pass through memory whole, and events are sent as AWS sends them."""
