"""What homes decide: their register, their needs, their receipts, the date. Pure."""
