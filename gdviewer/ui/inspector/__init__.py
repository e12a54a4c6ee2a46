"""The step at the cursor, from inside."""
