"""Events, one file per family; the registry lists them all."""
