"""People, in the one place where something of them is kept: apart, under random ids, erasable.

No event, log or answer but the export to whoever registered somebody holds anything of this.
"""
