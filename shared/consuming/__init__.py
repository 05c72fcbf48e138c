"""The consumer runtime: records in, exactly one effect each, whatever happens in between."""
