"""A second ledger, built from Kafka alone and held against the first."""
