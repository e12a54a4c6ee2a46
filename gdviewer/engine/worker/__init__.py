"""The thread that steps runs, and its watchdog."""
