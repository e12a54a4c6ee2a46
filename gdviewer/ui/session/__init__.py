"""The state of a window: the experiment, its runs, undo, player, cursor, pins and user rules."""
