"""Prometheus metrics of a service: what there is, how it is read at a scrape, and how it is written.

Services keep plain numbers (``application.meters`` and the counters of each); nothing here is on the path of a
message. Not here: on which address metrics are served (``entrypoints``).
"""
