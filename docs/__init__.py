"""What there is to read; `docs.generate` writes the pages that follow from the contracts."""
