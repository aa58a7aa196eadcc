"""What leaves with an export, and what does not."""

from mailconfig.storage.exports import NOT_EXPORTED, NOUNS, WITHHELD
from mailconfig.storage.tables import metadata


def test_every_table_is_exported_or_named_as_one_that_is_not() -> None:
    """A table that comes newly gets its place here."""
    exported = {noun.table.name for noun in NOUNS}
    assert exported | NOT_EXPORTED == set(metadata.tables)
    assert exported.isdisjoint(NOT_EXPORTED)


def test_no_secret_and_no_digest_of_a_token_leaves() -> None:
    """Columns that refer to secrets, digests and names of blobs are withheld by name."""
    shown = {
        f"{noun.table.name}.{column.name}"
        for noun in NOUNS
        for column in noun.table.columns
        if column.name not in WITHHELD.get(noun.table.name, frozenset())
    }
    telling = {
        name
        for name in shown
        if any(word in name for word in ("secret_id", "token", "password", "blob", "lease"))
    }
    assert telling == set()
    for table, columns in WITHHELD.items():
        assert columns <= set(metadata.tables[table].c.keys()), table
