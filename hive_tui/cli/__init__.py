"""Commands: arguments in, text or JSON out. Imports nothing heavy until one runs."""
