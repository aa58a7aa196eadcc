"""Settings of sending: the worker, its connections, when what was refused is tried again."""

from pydantic import Field
from pydantic_settings import BaseSettings


class SendingSettings(BaseSettings):
    """How much is sent at once, how long messages are tried and kept."""

    # Messages
    message_max_bytes: int = Field(
        25 * 1024 * 1024,
        ge=64 * 1024,
        le=150 * 1024 * 1024,
        description="Largest message, encoded with its files; the large providers take 25 MB.",
    )
    message_recipients_max: int = Field(
        100, ge=1, le=1000, description="Most recipients of one message, To, Cc and Bcc together."
    )
    message_attachments_max: int = Field(
        50, ge=0, le=200, description="Most files of one message, inline images among them."
    )
    message_expiry_hours: float = Field(
        96,
        ge=1,
        le=720,
        description="How long after its time a message is tried before it has failed.",
    )
    message_schedule_days: int = Field(
        365, ge=0, le=3650, description="How far ahead messages may be scheduled."
    )

    sender_identities_max: int = Field(
        20,
        ge=0,
        le=200,
        description="Most sender identities of one configuration: addresses, names, signatures.",
    )
    message_content_days: int = Field(
        30,
        ge=0,
        le=3650,
        description="How long the content of messages that are sent or over is kept.",
    )
    message_days: int = Field(
        365, ge=1, le=3650, description="How long messages that are sent or over are listed."
    )
    messages_per_minute: int = Field(
        600, ge=1, description="Messages that a user may send or preview in a minute."
    )

    # Sending
    sending_worker: bool = Field(
        default=True,
        description="Whether `mailconfig serve` sends messages; `mailconfig worker` always does.",
    )
    sending_concurrency: int = Field(
        20, ge=1, le=1000, description="Messages that one worker sends at once."
    )
    sending_connections_per_account: int = Field(
        2, ge=1, le=100, description="Connections that a worker keeps for one account."
    )
    sending_connections: int = Field(
        200, ge=1, le=10_000, description="Connections of a worker for all accounts."
    )
    sending_messages_per_connection: int = Field(
        100, ge=1, le=10_000, description="Messages after which a connection is replaced."
    )
    sending_idle_seconds: float = Field(
        30, ge=0, le=3600, description="How long a connection is kept without messages."
    )
    sending_answer_seconds: float = Field(
        600,
        ge=1,
        le=3600,
        description="How long a server may take to answer a message (RFC 5321, section 4.5.3.2.6);"
        " after that nobody knows whether it has it.",
    )
    sending_lease_seconds: float = Field(
        7,
        ge=3,
        le=3600,
        description="How long after its death others take a worker's messages; the same for all"
        " workers. One that stands still for two thirds of it while others go on loses them too.",
    )
    sending_drain_seconds: float = Field(
        5,
        ge=0,
        le=600,
        description="How long a worker that is stopped waits for answers to what has gone out.",
    )
    sending_retry_first_seconds: float = Field(
        60, ge=1, le=86_400, description="When a message that was refused for now is tried again."
    )
    sending_retry_longest_seconds: float = Field(
        14_400, ge=1, le=604_800, description="Longest of the growing delays."
    )
    sending_retry_ambiguous: bool = Field(
        default=False,
        description="Whether a message is sent again that the server may have: recipients get some"
        " twice then. Without it, such messages wait for `retryAmbiguous`.",
    )
    sending_recheck_seconds: float = Field(
        300, ge=1, le=86_400, description="How often mail of a held account is looked at."
    )
    sending_breaker_failures: int = Field(
        5, ge=1, le=1000, description="Failures in a row after which a host is left alone."
    )
