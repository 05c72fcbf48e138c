"""Volunteers: how much time which group gives to which home, month by month.

Owns pledges of hours, attendances, and offers to open shifts. Publishes `yui.volunteers.v1`.
Listens to organisations (keys, parties) and homes (needs, receipts, disputes, asks and what is
accepted of offers, the played date).
Registers people, apart from everything else.
"""
