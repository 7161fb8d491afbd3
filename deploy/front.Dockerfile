# The front: HTTP API and page.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/pressroom
ENV PATH=/opt/pressroom/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements/front.txt requirements/front.txt
RUN pip install --require-hashes -r requirements/front.txt
COPY . .
RUN pip install --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home pressroom \
    && install -d -o pressroom -g pressroom /var/lib/pressroom /var/lib/pressroom/artifacts /var/lib/pressroom/models
COPY --from=build /opt/pressroom /opt/pressroom
ENV PATH=/opt/pressroom/bin:$PATH PYTHONUNBUFFERED=1 PRESSROOM_HOME=/var/lib/pressroom
USER pressroom
WORKDIR /var/lib/pressroom
EXPOSE 8017
CMD ["python", "-m", "pressroom.front"]
