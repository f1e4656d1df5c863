"""What MonitorDrift does: past forecasts beside what came, item by item, shard by shard."""
