"""Values: what exists and what is said over the wire. No I/O and no clock."""
