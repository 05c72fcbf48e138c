"""Nonprofit staffing: who cares for the children of which home, and which programmes run there.

Owns staffing plans with the hours worked on them, programmes with their sessions, and offers to
vacant posts. Publishes `yui.nonprofit_staffing.v1`. Listens to organisations (keys, parties) and
homes (needs, receipts, disputes, asks and what is accepted of offers, the played date).
Registers people, apart from everything else.
"""
