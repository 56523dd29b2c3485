"""The `parley` command: start the stack, look into it, stop it."""
