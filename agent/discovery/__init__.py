"""Discovery: which devices there are in the networks that the agent may look at."""
