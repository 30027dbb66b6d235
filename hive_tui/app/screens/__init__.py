"""Whole screens of the dashboard, each with its keys."""
