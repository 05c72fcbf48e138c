"""The resource ledger: for every home, resource and month, where each unit is.

Owns entries, cells, shortfalls, discrepancies, seals and valuations. Publishes `yui.ledger.v1`.
Listens to organisations (keys, parties), homes and all partners, and reads one thing of what they
say: the movements.
"""
