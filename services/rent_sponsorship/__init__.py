"""Rent sponsorship: who pays how much of which home's rent, month by month.

Owns rent agreements and payments. Publishes `yui.rent_sponsorship.v1`. Listens to organisations
(keys, parties) and homes (needs, receipts, disputes, the played date).
"""
