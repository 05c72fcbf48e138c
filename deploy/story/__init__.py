"""Stories: what partners did, as data, played through the public APIs alone."""
