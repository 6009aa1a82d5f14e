"""Lists in files of every kind, read and written batch by batch."""
