"""The bucket in an S3-compatible store (MinIO, SeaweedFS, Ceph); everything else runs on this machine."""
