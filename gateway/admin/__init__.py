"""What admins may do to other people's accounts."""
