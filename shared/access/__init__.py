"""Who asks, and what they may do: keys, the register's projection, one policy."""
