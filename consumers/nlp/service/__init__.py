"""What the nlp consumer decides, free of any technology but numpy."""
