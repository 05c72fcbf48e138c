"""Everything is killed at random while partners write; in the end nothing may differ.

SIGKILL does not test fsync: a killed process's writes are still in the system's cache. What a
broker or a database loses in a power failure is not shown here; `yui events republish` refills a
broker from the event tables.
"""
