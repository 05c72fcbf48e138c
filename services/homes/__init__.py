"""The register of Family Homes: what each is, who lives there by age band, what it needs and asks.

Owns homes, their needs month by month, what they confirm and dispute, what they ask for and take
of offers, how each is opened, the rules in force, and the played business date. Publishes
`yui.homes.v1`. Listens to organisations (keys, parties), to all partners (promises, deliveries,
answers to disputes, unit prices, offers) and to the ledger (what stands open).
"""
