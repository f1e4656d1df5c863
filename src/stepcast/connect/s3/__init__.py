"""The bucket in any S3-compatible store, such as MinIO, SeaweedFS or Ceph; all else runs on this machine."""
