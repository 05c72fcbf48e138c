"""Nonprofit staffing: who cares for the children of which home, and which programmes run there.

Owns staffing plans with the hours worked on them, and programmes with their sessions. Publishes
`yui.nonprofit_staffing.v1`. Listens to organisations (keys, parties) and homes (needs, receipts,
disputes, the played date).
"""
