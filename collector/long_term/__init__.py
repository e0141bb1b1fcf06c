"""The long-term store beside the collector: what is forwarded to it, and what is asked of it."""
