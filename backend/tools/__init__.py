"""What developers of Vestnik run; not part of the package."""
