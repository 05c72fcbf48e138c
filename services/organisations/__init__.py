"""Organisations: who takes part in which sectors, with which keys, in which homes.

Owns the register of organisations, their keys (of a secret only its hash) and which are party to
which home. Publishes `yui.organisations.v1`. Listens to
homes (whose offers they accept).
"""
