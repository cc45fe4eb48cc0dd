# CPU image, without torch:      docker build -t which-park .
# CUDA image, with the learner:  docker build -t which-park:cuda --build-arg REQUIREMENTS=training/requirements.txt .
# Feedback in PostgreSQL:        docker build -t which-park --build-arg REQUIREMENTS=app/requirements-postgresql.txt .
# Traces for OpenTelemetry:      docker build -t which-park --build-arg REQUIREMENTS=app/requirements-tracing.txt .
# An archive, on Ray:            docker build -t which-park:batch --build-arg REQUIREMENTS=app/batch/requirements.txt .
# Run, read-only and as nobody in particular:
#   docker run --rm --read-only --tmpfs /tmp -p 8000:8000 which-park        (CUDA: add --gpus all)

FROM python:3.11-slim-bookworm AS build
ARG REQUIREMENTS=app/requirements.txt
WORKDIR /srv
COPY app/requirements.txt app/requirements.txt
COPY app/requirements-postgresql.txt app/requirements-postgresql.txt
COPY app/requirements-tracing.txt app/requirements-tracing.txt
COPY app/batch/requirements.txt app/batch/requirements.txt
COPY training/requirements.txt training/requirements.txt
RUN python -m venv /venv && /venv/bin/python -m pip install --no-cache-dir -r ${REQUIREMENTS}

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home park
WORKDIR /srv
COPY --from=build /venv /venv
COPY app app
COPY models models
COPY static static
COPY templates templates
ENV PATH=/venv/bin:$PATH HOST=0.0.0.0 PORT=8000 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER park
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
CMD ["python", "-m", "gunicorn", "-c", "python:app.gunicorn_conf", "app.factory:create_app()"]
