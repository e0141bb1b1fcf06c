"""The series store: interned label sets, rings of recent samples in memory-mapped files, selectors to ids."""
