"""Government sponsorship: what the government grants for each home's children, and its rent.

Owns grants, disbursements, offers to grant requests, and the unit prices that needs are computed
from. Publishes `yui.government_sponsorship.v1`. Listens to organisations (keys, parties) and homes
(needs, receipts, disputes, asks and what is accepted of offers, the played date).
"""
