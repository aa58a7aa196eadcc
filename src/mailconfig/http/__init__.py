"""The HTTP edge: sessions, middleware, health, files. Knows no mail and no storage."""
