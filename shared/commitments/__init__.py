"""What every partner's promise obeys, whatever the sector calls it."""
