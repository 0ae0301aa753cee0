"""Zones and recurrences: the zone database that this release was tested with, and the reckoning of RFC 5545 rules.

Both come from libraries that are pinned (tzdata, python-dateutil) and not from the machine, so that the same rule
fires at the same instants wherever it runs.
"""
