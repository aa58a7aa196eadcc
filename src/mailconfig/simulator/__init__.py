"""Mail servers on loopback that replay what real providers say, for demonstrations and tests."""
