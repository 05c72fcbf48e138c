"""Kafka to the books."""
