"""What the edges ask of the gateway; never reached from outside."""
