"""The language of the command line: that of the environment, or the one that is asked for."""

import subprocess

import pytest

from kit.serving import START_SECONDS, command, environment

SENTENCES = {
    "en": "emailAddress: This is no e-mail address.",
    "de": "emailAddress: Das ist keine E-Mail-Adresse.",
    "fr": "emailAddress: Ce n’est pas une adresse e-mail.",  # noqa: RUF001 - French is written so
}
NOWHERE = ["ann@example.com", "--imap", "127.0.0.1:993/tls", "--password-stdin"]


def run(*words: str, given: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in an environment whose locale is only what is given."""
    return subprocess.run(
        command(*words),
        input=given,
        env=environment(EGRESS_REFUSAL_SECONDS=0)
        | {"LC_ALL": "", "LC_MESSAGES": "", "LANG": "", "PYTHONUTF8": "1"}
        | variables,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=START_SECONDS,
    )


@pytest.mark.parametrize(
    ("variables", "words", "language"),
    [
        ({}, (), "en"),
        ({"LANG": "de_AT.UTF-8"}, (), "de"),
        ({"LANG": "de_DE", "LC_MESSAGES": "fr_FR.UTF-8"}, (), "fr"),
        ({"LANG": "fr_FR", "LC_MESSAGES": "fr_FR", "LC_ALL": "de_CH"}, (), "de"),
        ({"LANG": "C.UTF-8", "MAILCONFIG_LANGUAGE": "fr"}, (), "en"),
        # A language that is not spoken, or none, leaves the operator's.
        ({"LANG": "sv_SE.UTF-8", "MAILCONFIG_LANGUAGE": "fr"}, (), "fr"),
        ({"MAILCONFIG_LANGUAGE": "de"}, (), "de"),
        ({"LC_ALL": "de_DE.UTF-8"}, ("--language", "fr-CA"), "fr"),
    ],
)
def test_the_language(variables: dict[str, str], words: tuple[str, ...], language: str) -> None:
    """The option wins, then LC_ALL, LC_MESSAGES and LANG, then MAILCONFIG_LANGUAGE."""
    done = run("test", "nobody", *words, **variables)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == SENTENCES[language]


def test_a_language_that_is_not_spoken_is_one_sentence() -> None:
    """Who asks for it by name is told, and nothing runs."""
    done = run("test", "ann@example.com", "--language", "sv")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == "--language: sv is not spoken here; en, de, fr are."


def test_a_diagnosis_is_said_in_the_language() -> None:
    """Title and advice of a failed test follow it, as they do in the API."""
    done = run("test", *NOWHERE, "--language", "de", given="\n")
    assert done.returncode == 1
    assert "IMAP: Aus Sicherheitsgründen verbinden wir uns nicht mit dieser Adresse." in done.stdout
    assert "Ein Administrator dieses Dienstes kann das erlauben." in done.stdout


def test_an_explanation_is_said_in_the_language() -> None:
    """The code stays, for scripts; the words are for people."""
    done = run("explain", "535-5.7.8 Username and Password not accepted. gsmtp", LANG="de_DE")
    lines = done.stdout.splitlines()
    assert lines[0] == "GMAIL_BAD: Google nimmt Benutzernamen und Passwort nicht an."
    assert lines[2] == "Wer es beheben kann: Sie selbst. Ein neuer Versuch lohnt sich: nein."
