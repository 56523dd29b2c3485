"""The technologies the nlp consumer stands on, each behind a port of `consumers.nlp.ports`."""
