"""Which folders LIST tells of."""

import pytest

from mailconfig.mail.folders import FolderRole, folders_in, shown_name
from mailconfig.mail.imap_responses import ImapResponse, parsed

INBOX = (b'"INBOX"', "INBOX")


def chosen(*lines: str) -> dict[FolderRole, tuple[bytes, str]]:
    """Return argument and shown name of each role."""
    found = folders_in(parsed(f"* LIST {line}".encode()) for line in lines)
    return {role: (folder.argument, folder.name) for role, folder in found.items()}


@pytest.mark.parametrize(
    ("line", "role", "argument", "name"),
    [
        # an attribute, in any case, wins whatever the name is
        ('(\\HasNoChildren \\JUNK) "/" x', FolderRole.JUNK, b'"x"', "x"),
        ('(\\All) "/" "[Gmail]/All"', FolderRole.ALL, b'"[Gmail]/All"', "[Gmail]/All"),
        ('(\\Trash) "/" Bin', FolderRole.TRASH, b'"Bin"', "Bin"),
        # names, at the top or below INBOX, with any delimiter
        ('() "." INBOX.Junk', FolderRole.JUNK, b'"INBOX.Junk"', "INBOX.Junk"),
        ('() NIL "Sent Items"', FolderRole.SENT, b'"Sent Items"', "Sent Items"),
        # modified UTF-7
        ('() "/" "&BCEEPwQwBDw-"', FolderRole.JUNK, b'"&BCEEPwQwBDw-"', "Спам"),
        # quotes and backslashes go back as they came
        (r'(\Junk) "/" "a \"b\" \\c"', FolderRole.JUNK, rb'"a \"b\" \\c"', r'a "b" \c'),
        # a star is a character like any other
        (r'(\Junk) "/" "old * spam"', FolderRole.JUNK, b'"old * spam"', "old * spam"),
    ],
)  # fmt: skip
def test_folder_is_recognised(line: str, role: FolderRole, argument: bytes, name: str) -> None:
    """By attribute or by name; it is opened by the name that the server listed."""
    assert chosen(line) == {FolderRole.INBOX: INBOX, role: (argument, name)}


@pytest.mark.parametrize(
    "line",
    [
        # cannot be opened
        '(\\Noselect \\Junk) "/" Junk',
        '(\\NonExistent) "/" Spam',
        # the user's own folder
        '() "/" Projects/Sent',
        '() "/" INBOX/Work/Junk',
        # only a part of the name
        '() "/" "Junk drawer"',
        # not a list entry
        "nonsense",
        '(\\Junk) "/" ""',
        # not to be sent back
        '(\\Junk) "/" "a\x07b"',
    ],
)
def test_folder_is_left_alone(line: str) -> None:
    """What cannot be opened or means something else is no folder of ours; INBOX is always there."""
    assert chosen(line) == {FolderRole.INBOX: INBOX}


def test_attribute_wins_over_name_and_the_first_over_later_ones() -> None:
    """A flagged folder is taken although one with a telling name was listed before."""
    found = chosen('() "/" Spam', '(\\Junk) "/" one', '(\\Junk) "/" two')
    assert found[FolderRole.JUNK] == (b'"one"', "one")


def test_name_in_a_literal() -> None:
    """A name that came as a literal is read from there."""
    line = b'* LIST (\\Junk) "/" {5}'
    response = ImapResponse("*", "LIST", '(\\Junk) "/" {5}', pieces=(line, b'Ju"nk', b""))
    assert folders_in([response])[FolderRole.JUNK].argument == b'"Ju\\"nk"'


@pytest.mark.parametrize("raw", ["&", "&AAA", "&AA-", "A&-B", "&2D0-", "&=-"])
def test_broken_names_are_shown_as_they_came(raw: str) -> None:
    """Modified UTF-7 that is none stays; "&-" is the one ampersand."""
    assert shown_name(raw) == raw.replace("&-", "&")
