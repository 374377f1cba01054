"""The controlled network behind one protocol."""
