"""A bucket whose objects lie in another S3-compatible store; all else about it is of this machine."""
