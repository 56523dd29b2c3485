"""The built web apps and the list of remotes for the shell."""
