# syntax=docker/dockerfile:1
# dcgan-tf as a container, for CPUs (the default target) and for NVIDIA GPUs: see docs/guides/install.md.

FROM python:3.11-slim AS wheel
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheel .

# The packages alone go into an image, without the wheel, pip's cache and the sources.
FROM python:3.11-slim AS packages
RUN python -m venv /opt/dcgan_tf
ENV PATH=/opt/dcgan_tf/bin:$PATH
RUN --mount=type=bind,from=wheel,source=/wheel,target=/wheel \
    pip install --no-cache-dir "$(echo /wheel/*.whl)[hub,datasets,onnx]"

FROM packages AS packages-with-cuda
RUN --mount=type=bind,from=wheel,source=/wheel,target=/wheel \
    pip install --no-cache-dir "$(echo /wheel/*.whl)[gpu,hub,datasets,onnx]"

# Anybody may write into both folders: with `docker run --user`, files belong to whoever started the container.
FROM python:3.11-slim AS base
RUN useradd --uid 1000 --home-dir /cache --no-create-home dcgan && mkdir -m 1777 /work /cache
ENV PATH=/opt/dcgan_tf/bin:$PATH HOME=/cache DCGAN_TF_CACHE=/cache/dcgan_tf PYTHONUNBUFFERED=1
USER 1000
WORKDIR /work
VOLUME ["/work", "/cache"]
# Without a shell in between, SIGTERM reaches dcgan-tf, which saves the run, and its exit code is the container's.
ENTRYPOINT ["dcgan-tf"]
CMD ["--help"]

FROM base AS gpu
COPY --from=packages-with-cuda /opt/dcgan_tf /opt/dcgan_tf
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility

FROM base AS cpu
COPY --from=packages /opt/dcgan_tf /opt/dcgan_tf
