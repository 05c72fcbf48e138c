"""Programs behind each figure that the README gives."""
