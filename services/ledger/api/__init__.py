"""HTTP for whoever is party to a home: its books, what is missing, what became of an event."""
