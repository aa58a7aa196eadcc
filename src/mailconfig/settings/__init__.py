"""All settings of the process: one frozen object, read once from the environment by the CLI.

Every field is an environment variable MAILCONFIG_<NAME> and a line of `.env.example`. Nothing
below `bootstrap` reads this module: each room has a frozen part of its own, filled there.
Lists are written with commas.
"""

from ipaddress import ip_address, ip_network
from typing import Final

from pydantic import field_validator
from pydantic_settings import SettingsConfigDict

from mailconfig.settings.edge import EdgeSettings
from mailconfig.settings.federation import FederationSettings
from mailconfig.settings.identity import IdentitySettings
from mailconfig.settings.instance import InstanceSettings, LogFormat, Mode
from mailconfig.settings.mail import MailSettings
from mailconfig.settings.oauth import OAuthSettings
from mailconfig.settings.returns import ReturnsSettings
from mailconfig.settings.sending import SendingSettings
from mailconfig.settings.tenants import TenantSettings

__all__ = ["LogFormat", "Mode", "Settings", "dns_endpoint", "load"]


def _split(value: object) -> object:
    """Turn "a, b" into ["a", "b"]; anything else is left to pydantic."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


class Settings(
    ReturnsSettings,
    SendingSettings,
    OAuthSettings,
    TenantSettings,
    FederationSettings,
    MailSettings,
    EdgeSettings,
    IdentitySettings,
    InstanceSettings,
):
    """Settings of one instance; see each field. Fields come in the order of the parents' names."""

    model_config = SettingsConfigDict(
        env_prefix="MAILCONFIG_",
        env_file=None,
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    @field_validator(
        "documents_files",
        "dns_servers",
        "egress_allow_networks",
        "egress_allow_ports",
        "egress_web_ports",
        mode="before",
    )
    @classmethod
    def _lists(cls, value: object) -> object:
        return _split(value)

    @field_validator("egress_allow_networks", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        split = _split(value)
        return [ip_network(item) for item in split] if isinstance(split, list) else split

    @field_validator("dns_servers")
    @classmethod
    def _dns(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for server in value:
            dns_endpoint(server)
        return value

    @field_validator("egress_allow_ports", "egress_web_ports")
    @classmethod
    def _ports(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not all(0 < port <= _PORT_MAX for port in value):
            raise ValueError("ports lie between 1 and 65535")
        return value

    @property
    def serves_https(self) -> bool:
        """Whether browsers reach the service over https, so that cookies can be Secure."""
        return (self.public_url or "").startswith("https://")

    @property
    def serves_explorer(self) -> bool:
        """Whether the query page is on."""
        return self.mode is Mode.DEVELOPMENT if self.explorer is None else self.explorer

    @property
    def serves_demo(self) -> bool:
        """Whether the simulated mailboxes run."""
        return self.mode is Mode.DEVELOPMENT if self.demo is None else self.demo

    @property
    def effective_database_url(self) -> str:
        """The database that was named, else SQLite in the data folder."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'mailconfig.db').resolve()}"


_PORT_MAX: Final = 65535


def dns_endpoint(text: str) -> tuple[str, int]:
    """Parse "192.0.2.1", "192.0.2.1:53" or "[2001:db8::1]:53" into address and port.

    Raises ValueError for anything else, names included: a name would need a DNS server first.
    """
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":") or "53"
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    else:
        host, port = text, "53"
    number = int(port)
    if not 0 < number <= _PORT_MAX:
        raise ValueError("the port of a DNS server lies between 1 and 65535")
    return str(ip_address(host)), number


def load(**overrides: object) -> Settings:
    """Read the environment once; keyword arguments come from the command line and win."""
    given = {name: value for name, value in overrides.items() if value is not None}
    return Settings.model_validate(Settings().model_dump() | given) if given else Settings()
