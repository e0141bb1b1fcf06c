"""MIB files, for who writes profiles: do names and numbers agree, and what would a profile of a MIB be.

Nothing here runs in an agent that collects. `source` reads files with pysmi's parser (the extra `mibs`), `tree` finds
numbers, `agreement` compares profiles, `skeleton` begins one.
"""
