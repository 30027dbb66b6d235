"""Calling a person who looks elsewhere: when, decided purely, and by which means."""
