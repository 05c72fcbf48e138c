"""Migrations: what each step may do, and the way from the previous release under load."""
