"""Apache Kafka: observations in topics become files to train on."""
