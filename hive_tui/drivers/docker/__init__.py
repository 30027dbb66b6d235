"""Containers, by way of an engine that speaks Docker's API. Loads aiodocker when first asked."""
