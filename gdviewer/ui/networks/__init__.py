"""What is shown of a network: what it does, and what is inside."""
