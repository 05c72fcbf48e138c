"""Volunteers: how much time which group gives to which home, month by month.

Owns pledges of hours and attendances. Publishes `yui.volunteers.v1`. Listens to organisations
(keys, parties) and homes (needs, receipts, disputes, the played date).
"""
