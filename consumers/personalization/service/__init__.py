"""What is decided: what is learned of a user, and what others are told of it."""
