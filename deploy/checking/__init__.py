"""The checker: whether the books are what the owners said, and nothing was lost on the way.

It shares no code with what it checks. It has its own few statements, reads headers and movements
its own way, and takes the names of services from the database and those of topics from Kafka.
"""
