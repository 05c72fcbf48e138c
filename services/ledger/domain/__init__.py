"""What the ledger reads of events, how it books them, and what it concludes. Pure."""
