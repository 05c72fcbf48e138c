"""The register of Family Homes: what each is, who lives there by age band, what it needs.

Owns homes, their needs month by month, what they confirm and dispute, the rules in force, and the
played business date. Publishes `yui.homes.v1`. Listens to organisations (keys, parties) and to all
partners (deliveries, answers to disputes, unit prices).
"""
