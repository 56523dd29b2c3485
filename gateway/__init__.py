"""The REST side of Parley: accounts, conversations and history, and the built web apps."""
