"""MonitorDrift: compare past forecasts with actual values, shard by shard."""
