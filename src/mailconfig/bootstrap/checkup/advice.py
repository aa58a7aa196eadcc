"""What to do about what is found in more than one place, in a sentence each."""

from typing import Final

DATA: Final = "Give the data folder to the user that runs mailconfig."
KEYS: Final = "Give the key file to the user that runs mailconfig."
DATABASE: Final = "Check MAILCONFIG_DATABASE_URL, its user and password, and that the server runs."
FILES: Final = "Check MAILCONFIG_BLOB_URL, the credentials of the store and its permissions."
LIMITS: Final = "Check MAILCONFIG_RATE_LIMIT_STORAGE_URL and its store."
DNS: Final = "Check MAILCONFIG_DNS_SERVERS, or /etc/resolv.conf where it is not set."
PORTS: Final = "Let this machine's firewall and its provider let mail ports out."
