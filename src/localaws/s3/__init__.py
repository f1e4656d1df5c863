"""S3 with objects as files: moto's S3, whose bodies never pass through memory whole, and which sends events as AWS does."""
