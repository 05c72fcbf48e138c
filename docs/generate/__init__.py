"""Pages that are generated from the contracts, so that they cannot be out of date."""
