"""Device profiles: YAML that says which objects of which devices become which series, facts and sensors.

library   finds the files, and the profile of a device
schema    the shape of a file; objects: of what it says of an object
compiler  a file and what it extends → a plan
plan      what to read of a device, how often, and what becomes of it
walker    reads what a plan names
inventory rows → series, samples, sensors
"""
