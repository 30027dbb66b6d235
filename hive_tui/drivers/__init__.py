"""The world, one module each: git, processes, sockets, files. Implements the engine's Protocols."""
