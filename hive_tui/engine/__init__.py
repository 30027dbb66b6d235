"""Behaviour: plans, scheduling, lifecycle, supervision. Reaches the world through Protocols."""
