"""Apache Kafka: messages of topics as training files, and forecasts of topics as they grow."""
