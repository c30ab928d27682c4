# The service in a container: the web, the schedule and every command. How it is run: compose.yaml, docs/deploy.md.
FROM python:3.12-slim-bookworm AS build

# torch's CPU build. An empty TORCH_INDEX takes the default build of the package index, which is gigabytes on x86-64.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

RUN python -m venv /opt/shirube
ENV PATH=/opt/shirube/bin:$PATH

WORKDIR /src
COPY torch.txt ./
RUN pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} -r torch.txt

COPY pyproject.toml requirements.lock ./
COPY scripts/part_of_lock.py scripts/
RUN python scripts/part_of_lock.py > part.lock && pip install --no-deps --require-hashes -r part.lock

COPY . .
RUN pip install --no-deps --no-build-isolation . && pip check && shirube --version


FROM python:3.12-slim-bookworm

LABEL org.opencontainers.image.title="Shirube" \
      org.opencontainers.image.description="Research papers along a study road, and one digest a month" \
      org.opencontainers.image.licenses="Apache-2.0"

# A number and no name alone, so that a cluster can see that it is not root.
RUN groupadd --gid 10001 shirube \
 && useradd --uid 10001 --gid shirube --home-dir /data --no-create-home --shell /usr/sbin/nologin shirube \
 && install --directory --mode 0700 --owner shirube --group shirube /data

COPY --from=build /opt/shirube /opt/shirube

# All that is written is in /data and /tmp: the root may be read-only.
ENV PATH=/opt/shirube/bin:$PATH \
    HOME=/data \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SHIRUBE_DATA_DIR=/data \
    SHIRUBE_LOG_FORMAT=json

USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]

ENTRYPOINT ["shirube"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
