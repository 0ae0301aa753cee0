"""One module a command or a small family of commands; the table that names them is ``entrypoints.cli``."""
