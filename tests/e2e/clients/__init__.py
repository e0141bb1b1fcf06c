"""Other people's programs against a collector that runs as a process."""
