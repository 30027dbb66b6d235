"""Lets an agent mend what its work broke: a bounded number of times, and never blindly.

Rules, texts and marks in here are pure; who runs suites and hands texts over is outside.
"""
