"""The log's topics, made from the catalogue and compared with it."""
