"""Taking in samples: decoding, limits, replays, clock skew, and the write handler."""
