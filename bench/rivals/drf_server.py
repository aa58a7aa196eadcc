"""A small Django REST Framework server over the same rows, for gunicorn.

    gunicorn drf_server:application      (RIVAL names the JSON file of `rows.Rival`)

Model serializers, a cursorless first page by `order_by` and `select_related`, a token
authentication class that verifies the JWT and looks its session up, persistent connections.
"""

import json
import os
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.conf import settings

RIVAL = json.loads(Path(os.environ["RIVAL"]).read_text())


def database() -> dict[str, object]:
    """Return Django's words for a SQLAlchemy URL."""
    url = urlsplit(RIVAL["database"])
    if url.scheme.startswith("sqlite"):
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": url.path[1:]}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.path[1:],
        "USER": url.username,
        "PASSWORD": url.password,
        "HOST": url.hostname,
        "PORT": url.port,
        "CONN_MAX_AGE": None,
    }


settings.configure(
    DEBUG=False,
    SECRET_KEY=RIVAL["secret_key"],
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="drf_server",
    DATABASES={"default": database()},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework"],
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
    USE_TZ=True,
    REST_FRAMEWORK={
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    },
)
django.setup()

import jwt  # noqa: E402 - models need settings
from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import models, transaction  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import generics, permissions, serializers  # noqa: E402
from rest_framework.authentication import BaseAuthentication  # noqa: E402
from rest_framework.exceptions import AuthenticationFailed  # noqa: E402
from rest_framework.response import Response  # noqa: E402

cipher = AESGCM(bytes.fromhex(RIVAL["secret_key"]))


class Provider(models.Model):
    """A provider."""

    id = models.TextField(primary_key=True)
    position = models.IntegerField()
    name = models.TextField()
    kind = models.TextField()
    status = models.TextField()
    help_url = models.TextField(null=True)
    username_form = models.TextField()
    password_format = models.TextField(null=True)
    app_password_url = models.TextField(null=True)
    notes = models.TextField(null=True)
    closed = models.TextField(null=True)
    confidence = models.TextField()
    regions = models.TextField()
    domains = models.TextField()
    auth = models.TextField()
    requires = models.TextField()
    incoming = models.TextField()
    outgoing = models.TextField()

    class Meta:
        """Where it is."""

        app_label, managed, db_table = "rival", False, "rival_providers"


class Session(models.Model):
    """A sign-in."""

    id = models.UUIDField(primary_key=True)
    user_id = models.UUIDField()
    workspace_id = models.UUIDField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    is_authenticated = True

    class Meta:
        """Where it is."""

        app_label, managed, db_table = "rival", False, "sessions"


class Secret(models.Model):
    """An encrypted secret."""

    id = models.UUIDField(primary_key=True)
    workspace_id = models.UUIDField()
    purpose = models.TextField()
    kind = models.TextField()
    key_id = models.TextField()
    ciphertext = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        """Where it is."""

        app_label, managed, db_table = "rival", False, "secrets"


class Servers(models.Model):
    """The columns of both servers."""

    incoming_host = models.TextField(null=True)
    incoming_port = models.IntegerField(null=True)
    incoming_security = models.TextField(null=True)
    incoming_authentication = models.TextField(null=True)
    incoming_username = models.TextField(null=True)
    incoming_secret_id = models.UUIDField(null=True)
    outgoing_host = models.TextField(null=True)
    outgoing_port = models.IntegerField(null=True)
    outgoing_security = models.TextField(null=True)
    outgoing_authentication = models.TextField(null=True)
    outgoing_username = models.TextField(null=True)
    outgoing_secret_id = models.UUIDField(null=True)

    class Meta:
        """No table of its own."""

        app_label, abstract = "rival", True


class Config(Servers):
    """A configuration."""

    id = models.UUIDField(primary_key=True)
    workspace_id = models.UUIDField()
    owner_id = models.UUIDField(null=True)
    revision = models.IntegerField()
    name = models.TextField()
    name_key = models.TextField()
    email_address = models.TextField()
    address_key = models.TextField()
    display_name = models.TextField(null=True)
    provider = models.ForeignKey(Provider, models.DO_NOTHING, null=True)
    external_id = models.TextField(null=True)
    enabled = models.BooleanField()
    status = models.TextField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        """Where it is."""

        app_label, managed, db_table = "rival", False, "configs"


class Version(Servers):
    """The settings of the first revision; Django wants one column as the key."""

    config_id = models.UUIDField(primary_key=True)
    revision = models.IntegerField()
    workspace_id = models.UUIDField()
    name = models.TextField()
    email_address = models.TextField()
    display_name = models.TextField(null=True)
    provider_id = models.TextField(null=True)
    created_at = models.DateTimeField()
    created_by = models.UUIDField(null=True)
    verified = models.BooleanField()

    class Meta:
        """Where it is."""

        app_label, managed, db_table = "rival", False, "config_versions"


class Event(models.Model):
    """An event of the audit trail."""

    id = models.UUIDField(primary_key=True)
    workspace_id = models.UUIDField()
    actor_id = models.UUIDField(null=True)
    action = models.TextField()
    object_type = models.TextField()
    object_id = models.UUIDField(null=True)
    details = models.TextField()
    request_id = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        """Where it is."""

        app_label, managed, db_table = "rival", False, "audit_events"


def global_id(kind: str, key: object) -> str:
    """Return the id that mailconfig gives, too."""
    return urlsafe_b64encode(f"{kind}:{key}".encode()).rstrip(b"=").decode()


class ProviderSerializer(serializers.Serializer):
    """A provider beside a configuration."""

    id = serializers.SerializerMethodField()
    name = serializers.CharField()
    helpUrl = serializers.CharField(source="help_url")

    def get_id(self, row: Provider) -> str:
        """Return its global id."""
        return global_id("Provider", row.id)


class JSONText(serializers.Field):
    """A column of JSON."""

    def to_representation(self, text: str) -> object:
        """Return what the text says."""
        return json.loads(text)


class ShortServers(serializers.Field):
    """A column of servers, without their protection."""

    def to_representation(self, text: str) -> list[dict[str, object]]:
        """Return host and port of each."""
        return [{name: row[name] for name in ("hostTemplate", "port")} for row in json.loads(text)]


class WholeProviderSerializer(serializers.Serializer):
    """A provider in the list of providers."""

    id = serializers.SerializerMethodField()
    catalogueId = serializers.CharField(source="id")
    name = serializers.CharField()
    kind = serializers.CharField()
    status = serializers.CharField()
    helpUrl = serializers.CharField(source="help_url")
    regions = JSONText()
    domains = JSONText()
    usernameForm = serializers.CharField(source="username_form")
    auth = JSONText()
    requires = JSONText()
    passwordFormat = serializers.CharField(source="password_format")
    appPasswordUrl = serializers.CharField(source="app_password_url")
    notes = serializers.CharField()
    closed = serializers.CharField()
    confidence = serializers.CharField()
    incoming = JSONText()
    outgoing = JSONText()

    def get_id(self, row: Provider) -> str:
        """Return its global id."""
        return global_id("Provider", row.id)


class ShortProviderSerializer(serializers.Serializer):
    """A provider in a shorter list."""

    id = serializers.SerializerMethodField()
    name = serializers.CharField()
    kind = serializers.CharField()
    status = serializers.CharField()
    domains = JSONText()
    incoming = ShortServers()

    def get_id(self, row: Provider) -> str:
        """Return its global id."""
        return global_id("Provider", row.id)


class ServerSerializer(serializers.Serializer):
    """A server of a configuration."""

    host = serializers.CharField()
    port = serializers.IntegerField()
    security = serializers.ChoiceField(["TLS", "STARTTLS", "NONE"])
    username = serializers.CharField(required=False, allow_null=True)
    password = serializers.CharField(required=False, write_only=True)


class ConfigSerializer(serializers.Serializer):
    """A configuration, both ways."""

    id = serializers.SerializerMethodField()
    revision = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=200)
    emailAddress = serializers.EmailField(source="email_address")
    displayName = serializers.CharField(source="display_name", read_only=True)
    shared = serializers.SerializerMethodField()
    ownerId = serializers.SerializerMethodField()
    externalId = serializers.CharField(source="external_id", read_only=True)
    enabled = serializers.BooleanField(read_only=True)
    status = serializers.CharField(read_only=True)
    createdAt = serializers.SerializerMethodField()
    updatedAt = serializers.SerializerMethodField()
    incoming = ServerSerializer()
    outgoing = ServerSerializer()
    provider = ProviderSerializer(read_only=True)

    def get_id(self, row: Config) -> str:
        """Return its global id."""
        return global_id("EmailConfig", row.id)

    def get_shared(self, row: Config) -> bool:
        """Tell whether nobody owns it."""
        return row.owner_id is None

    def get_ownerId(self, row: Config) -> str | None:  # noqa: N802 - the field's name
        """Return its owner."""
        return global_id("User", row.owner_id) if row.owner_id else None

    def get_createdAt(self, row: Config) -> str:  # noqa: N802 - the field's name
        """Return when it was made."""
        return row.created_at.isoformat()

    def get_updatedAt(self, row: Config) -> str:  # noqa: N802 - the field's name
        """Return when it changed."""
        return row.updated_at.isoformat()

    def to_representation(self, row: Config) -> dict[str, object]:
        """Give both servers their shape."""
        for side in ("incoming", "outgoing"):
            server = {
                name: getattr(row, f"{side}_{name}")
                for name in ("host", "port", "security", "username")
            }
            setattr(row, side, server if server["host"] else None)
        return super().to_representation(row)

    def validate(self, given: dict[str, object]) -> dict[str, object]:
        """Refuse a second configuration of the same address, as validators of DRF do."""
        me = self.context["request"].user
        same = Config.objects.filter(
            workspace_id=me.workspace_id,
            owner_id=me.user_id,
            address_key=given["email_address"].lower(),
        )
        if same.exists():
            raise serializers.ValidationError({"emailAddress": "This address is taken."})
        return given

    @transaction.atomic
    def create(self, given: dict[str, object]) -> Config:
        """Store a configuration with its secrets encrypted."""
        me = self.context["request"].user
        now = datetime.now(UTC)
        columns: dict[str, object] = {}
        for side in ("incoming", "outgoing"):
            server = given[side]
            secret = None
            if server.get("password"):
                nonce = os.urandom(12)
                secret = Secret.objects.create(
                    id=uuid.uuid4(),
                    workspace_id=me.workspace_id,
                    purpose="rival",
                    kind="password",
                    key_id="rival",
                    ciphertext=nonce + cipher.encrypt(nonce, server["password"].encode(), None),
                    created_at=now,
                )
            columns |= {
                f"{side}_host": server["host"],
                f"{side}_port": server["port"],
                f"{side}_security": server["security"],
                f"{side}_authentication": "AUTO",
                f"{side}_username": server.get("username"),
                f"{side}_secret_id": secret.id if secret else None,
            }
        config = Config.objects.create(
            id=uuid.uuid4(),
            workspace_id=me.workspace_id,
            owner_id=me.user_id,
            revision=1,
            name=given["name"],
            name_key=given["name"].lower(),
            email_address=given["email_address"],
            address_key=given["email_address"].lower(),
            enabled=True,
            status="UNVERIFIED",
            created_at=now,
            updated_at=now,
            **columns,
        )
        Version.objects.create(
            config_id=config.id,
            revision=1,
            workspace_id=me.workspace_id,
            name=config.name,
            email_address=config.email_address,
            created_at=now,
            created_by=me.user_id,
            verified=False,
            **columns,
        )
        Event.objects.create(
            id=uuid.uuid4(),
            workspace_id=me.workspace_id,
            actor_id=me.user_id,
            action="config.submit",
            object_type="config",
            object_id=config.id,
            details="{}",
            request_id="-",
            created_at=now,
        )
        return config


class TokenAuthentication(BaseAuthentication):
    """Verifies the token and looks its session up."""

    def authenticate(self, request: object) -> tuple[Session, None]:
        """Return who is calling."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            claims = jwt.decode(token, RIVAL["public_key"], algorithms=["EdDSA"], audience="rival")
            session = Session.objects.get(id=claims["sid"], revoked_at=None)
        except (jwt.InvalidTokenError, Session.DoesNotExist) as error:
            raise AuthenticationFailed from error
        if session.expires_at < datetime.now(UTC):
            raise AuthenticationFailed
        return session, None


class ConfigList(generics.ListCreateAPIView):
    """Newest first, and create."""

    authentication_classes = (TokenAuthentication,)
    permission_classes = (permissions.IsAuthenticated,)
    serializer_class = ConfigSerializer

    def list(self, request: object) -> Response:
        """Return the first page."""
        first = int(request.query_params.get("first", 20))
        rows = list(
            Config.objects.filter(workspace_id=request.user.workspace_id)
            .select_related("provider")
            .order_by("-created_at", "-id")[: first + 1]
        )
        nodes = self.get_serializer(rows[:first], many=True).data
        return Response({"nodes": nodes, "pageInfo": {"hasNextPage": len(rows) > first}})


class ConfigDetail(generics.RetrieveAPIView):
    """One configuration."""

    authentication_classes = (TokenAuthentication,)
    permission_classes = (permissions.IsAuthenticated,)
    serializer_class = ConfigSerializer

    def get_object(self) -> Config:
        """Find it in the caller's workspace."""
        text = self.kwargs["id"]
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        rows = Config.objects.select_related("provider")
        return generics.get_object_or_404(
            rows, workspace_id=self.request.user.workspace_id, id=raw.partition(":")[2]
        )


class ProviderList(generics.ListAPIView):
    """Providers by name."""

    authentication_classes = (TokenAuthentication,)
    permission_classes = (permissions.IsAuthenticated,)

    def get_serializer_class(self) -> type:
        """Return what shows the rows."""
        short = "short" in self.request.query_params
        return ShortProviderSerializer if short else WholeProviderSerializer

    def list(self, request: object) -> Response:
        """Return the first page."""
        first = int(request.query_params.get("first", 20))
        rows = Provider.objects.order_by("position")[:first]
        return Response({"nodes": self.get_serializer(rows, many=True).data})


urlpatterns = [
    path("configs/", ConfigList.as_view()),
    path("configs/<id>/", ConfigDetail.as_view()),
    path("providers/", ProviderList.as_view()),
]
application = get_wsgi_application()
