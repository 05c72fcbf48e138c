"""HTTP as every service speaks it: callers, problems, pages, health, operators' routes."""
