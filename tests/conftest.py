"""Fixtures for all tests; each comes from the module of `kit` that explains it."""

pytest_plugins = [
    "kit.memoryfolder",
    "kit.sweeping",
    "kit.thrift",
    "kit.plugin",
    "kit.database",
    "kit.api",
]
