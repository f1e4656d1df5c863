"""What MonitorDrift does: compare past forecasts with the actual values, shard by shard."""
