"""Language models, and what surrounds them: a breaker, budgets, kept answers."""
