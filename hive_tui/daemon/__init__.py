"""One background process per user: engine and drivers behind a socket, sole writer of state."""
