# The text worker. LOCK=worker-gpu brings ONNX Runtime with CUDA and cuDNN instead of the CPU's.
ARG LOCK=worker-cpu

FROM python:3.13-slim AS build
ARG LOCK
WORKDIR /src
RUN python -m venv /opt/pressroom
ENV PATH=/opt/pressroom/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# For the engine's kernels; without a compiler it would use ONNX Runtime's.
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY requirements/${LOCK}.txt requirements/lock.txt
RUN pip install --require-hashes -r requirements/lock.txt
COPY . .
RUN pip install --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home pressroom \
    && install -d -o pressroom -g pressroom /var/lib/pressroom /var/lib/pressroom/artifacts /var/lib/pressroom/models
COPY --from=build /opt/pressroom /opt/pressroom
ENV PATH=/opt/pressroom/bin:$PATH PYTHONUNBUFFERED=1 PRESSROOM_HOME=/var/lib/pressroom
USER pressroom
WORKDIR /var/lib/pressroom
CMD ["python", "-m", "pressroom.worker", "--pool", "text"]
