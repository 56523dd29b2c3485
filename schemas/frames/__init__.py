"""The socket protocol `parley.v1` as models: client frames, server frames, codes."""
