"""Settings of the sites that are measured."""
