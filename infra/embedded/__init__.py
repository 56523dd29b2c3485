"""The whole stack on one machine without Docker: Kafka, PostgreSQL, Valkey and every process."""
