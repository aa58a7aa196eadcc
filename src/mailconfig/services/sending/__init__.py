"""The loop that sends what is due; messages are taken in by `services.messages`."""

from mailconfig.services.sending.attempts import Attempts
from mailconfig.services.sending.endings import SendingPolicy
from mailconfig.services.sending.sender import Sender, SenderSettings

__all__ = ["Attempts", "Sender", "SenderSettings", "SendingPolicy"]
