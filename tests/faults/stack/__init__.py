"""The demo's stack while daemons and engines are killed under it."""
