"""What the register of organisations decides: who takes part, their keys, their homes. Pure."""
