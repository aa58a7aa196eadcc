"""The application: one module per noun, one mutation = one method = one unit of work."""
