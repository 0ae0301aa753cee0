"""What a person or a supervisor starts: command line, settings, containers, one entry per service role."""
