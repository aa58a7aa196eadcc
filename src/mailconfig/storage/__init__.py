"""Our own state: tables, repositories, migrations, blobs, encryption, the catalogue's data."""
