"""HTTP to strangers: OAuth, JWKS, webhooks, autoconfig. Filled by the features that need it."""
