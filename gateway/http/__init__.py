"""What every route shares: problems, headers, limits, the origin check."""
