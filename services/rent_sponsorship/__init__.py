"""Rent sponsorship: who pays how much of which home's rent, month by month.

Owns leases, rent agreements and payments, and offers to rent appeals. Publishes
`yui.rent_sponsorship.v1`. Listens to organisations (keys, parties) and homes (needs, receipts,
disputes, asks and what is accepted of offers, the played date).
"""
