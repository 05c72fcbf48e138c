"""A second ledger: built from Kafka alone while the first goes on, and held against it.

It is the ledger's own code on a schema of its own. Its homes come to be read in another order than
the first read them in, partition by partition: so what does not depend on that order is compared
as it stands, and the links' hashes in the order that the first has recorded.
"""
