"""The step panel: the lines and values of the step at the cursor."""
