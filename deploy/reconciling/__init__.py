"""Reconciliation: what owners have said, Kafka and the event log have kept, the ledger has booked.

Like the checker, whose reading it shares, it knows no code of what it compares. The checker
derives the books anew; this holds counts, versions and hashes against each other, and looks at
single events only where these differ. It is right at any time: what is on its way is no
difference.
"""
