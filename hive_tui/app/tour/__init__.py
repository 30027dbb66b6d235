"""The spotlight tour: what it shows, where that stands, the card beside it, and who leads."""
