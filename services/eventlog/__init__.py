"""The event log: every event ever published, searchable, with its causes and effects.

Owns the log. Publishes nothing. Listens to every topic, and keeps each event as it came, byte for
byte.
"""
