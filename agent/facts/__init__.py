"""What an agent reports about itself and its targets, so that the register can say which thing it is."""
