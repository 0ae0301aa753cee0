"""What the operator's commands print, as pure functions from values to text. Not here: where the values come from."""
