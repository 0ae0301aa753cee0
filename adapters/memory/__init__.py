"""In-memory adapters, one a port: part of the product, held to the real ones by the contract suites."""
