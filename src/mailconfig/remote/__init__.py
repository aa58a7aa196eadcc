"""HTTP to strangers: documents of discovery, later OAuth, JWKS and webhooks."""
