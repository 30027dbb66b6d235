"""What the screens show, as pure functions from values to lines. No widget and no clock."""
