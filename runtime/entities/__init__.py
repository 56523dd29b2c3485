"""What texts name: found by rule, checked where a check digit tells, and masked."""
