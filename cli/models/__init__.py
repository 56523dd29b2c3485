"""`parley models`: train, look at, promote and roll back the assistant's models."""
