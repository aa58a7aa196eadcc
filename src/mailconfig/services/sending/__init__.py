"""The loop that sends what is due; messages are taken in by `services.messages`."""

from mailconfig.services.sending.attempts import Attempts, SendingPolicy
from mailconfig.services.sending.sender import Sender, SenderSettings

__all__ = ["Attempts", "Sender", "SenderSettings", "SendingPolicy"]
