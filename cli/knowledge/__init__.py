"""`parley knowledge`: what the assistant is told, from the command line."""
