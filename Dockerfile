# syntax=docker/dockerfile:1
# One image for every process of Parley; compose.yaml and Kubernetes choose by command.

FROM node:24.19-bookworm-slim AS web
WORKDIR /build/webapps
COPY webapps/ ./
RUN npm ci --no-audit --no-fund && npm run build

FROM python:3.13-slim-bookworm AS packages
WORKDIR /app
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
COPY locks/uv.txt locks/services.txt locks/
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --only-binary :all: --require-hashes -r locks/uv.txt \
    && /venv/bin/uv pip sync --no-cache --no-build --require-hashes --python /venv/bin/python \
        locks/services.txt
COPY pyproject.toml README.md LICENSE ./
COPY schemas/ schemas/
COPY runtime/ runtime/
COPY producers/ producers/
COPY consumers/ consumers/
COPY gateway/ gateway/
COPY edge-ws/ edge-ws/
COPY infra/ infra/
COPY cli/ cli/
COPY parley_client/ parley_client/
RUN /venv/bin/uv pip install --no-cache --no-deps --no-build-isolation --python /venv/bin/python \
    --editable .

FROM python:3.13-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin parley \
    && install -d -o parley -g parley /data/models /keys/signing /keys/verifying
COPY --from=packages /venv /venv
COPY --from=packages /app /app
COPY knowledge/ /app/knowledge/
COPY --from=web /build/webapps/dist /app/webapps/dist
WORKDIR /app
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PARLEY_WEBAPPS_DIR=/app/webapps/dist \
    PARLEY_NLP__KNOWLEDGE_DIR=/app/knowledge \
    PARLEY_NLP__MODEL_DIR=/data/models
USER 10001
STOPSIGNAL SIGTERM
CMD ["python", "-m", "gateway"]
