"""Whether the tables hold what the log holds: the comparison behind `parley verify`."""
