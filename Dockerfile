# syntax=docker/dockerfile:1
# Each RUN is a target of the Makefile that `make image-check` runs without Docker;
# tests/test_dockerfile.py holds the rest of this file to its rules.
# Python must be 3.12.5 or newer: before it, `email` let a one-line Subject inject headers
# (CVE-2024-6923). The tag names version and distribution; both its stages must name the same ones,
# because the environment is copied from one to the other.

FROM node:22-trixie AS page
WORKDIR /build
COPY Makefile ./
COPY tools/explorer tools/explorer
COPY tools/schema/documents tools/schema/documents
RUN make image-page

FROM python:3.13-trixie AS builder
WORKDIR /build
COPY Makefile requirements.lock requirements-dev.lock ./
RUN make packages
# Made where it will stand: the commands of an environment hold its path.
RUN make image-packages IMAGE=/image
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY --from=page /build/src/mailconfig/http/graphiql src/mailconfig/http/graphiql
RUN make image-wheel
RUN make image-install IMAGE=/image
RUN make image-data IMAGE=/image

FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="mailconfig" \
      org.opencontainers.image.description="Back end that lets users connect their mailbox" \
      org.opencontainers.image.licenses="MIT"
ENV PATH=/image/opt/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/data
COPY --from=builder /image/opt /image/opt
COPY --from=builder --chown=10001:10001 /image/data /data
# A fixed number, so that volumes keep their owner from one image to the next.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
# Python instead of curl, which a slim image has not; no proxy of the environment is asked.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["mailconfig"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000", "--data", "/data"]
