"""The sockets' edge: signs people in, publishes what they say, pushes what the log says."""
