"""Every SQL statement of the ledger: what is written of a batch, what is read of the books."""
