"""A small shop in the standard library alone: pages, an API, a worker and a database."""
