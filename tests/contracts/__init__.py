"""The published language under guard: what may change, what may never be said."""
