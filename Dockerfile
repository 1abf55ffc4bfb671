# syntax=docker/dockerfile:1
# edgedet for machines without a Jetson's hardware: x86-64 with OpenVINO, other CPUs with ONNX Runtime.
#
#   docker build -t edgedet .
#   docker run --rm -v ./config:/etc/edgedet:ro -v edgedet:/var/lib/edgedet edgedet check \
#     /etc/edgedet/edgedet.yaml
#   docker run -v ./config:/etc/edgedet:ro -v edgedet:/var/lib/edgedet edgedet
#
# deploy/compose.yaml runs it beside a broker. For a Jetson see Dockerfile.jetson.

# --- wheels: built here, so that the image holds no build tools ---
FROM debian:12-slim AS wheels

SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends python3-pip python3-venv \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
RUN python3 -m venv /tools \
 && /tools/bin/pip install --no-cache-dir pip==26.3 setuptools==84.2.1 wheel==0.48.0
COPY constraints/constraints.txt constraints/constraints.txt
COPY pyproject.toml README.md LICENSE ./
COPY edgedet edgedet
RUN extra=engine,signed; if [ "$(uname -m)" = x86_64 ]; then extra=openvino,signed; fi \
 && /tools/bin/pip wheel --no-cache-dir -c constraints/constraints.txt -w /wheels ".[$extra]" \
 && echo "edgedet[$extra]" > /wheels/requirement

# --- the image that runs ---
FROM debian:12-slim

LABEL org.opencontainers.image.title="edgedet" \
      org.opencontainers.image.licenses="MIT"
# gi belongs to the distribution's Python: the environment must see it
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      ca-certificates gir1.2-gst-plugins-base-1.0 gir1.2-gstreamer-1.0 \
      gstreamer1.0-libav gstreamer1.0-plugins-bad gstreamer1.0-plugins-base \
      gstreamer1.0-plugins-good python3-gi python3-gst-1.0 python3-venv \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --create-home --home-dir /var/lib/edgedet --groups video edgedet \
 && python3 -m venv --system-site-packages /opt/edgedet

COPY constraints/constraints.txt /opt/edgedet/constraints.txt
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels \
    /opt/edgedet/bin/pip install --no-cache-dir --no-index --find-links /wheels \
      -c /opt/edgedet/constraints.txt "$(cat /wheels/requirement)"
COPY models/person/manifest.json models/person/model.onnx models/person/calibration.json \
     models/person/report.json /opt/edgedet/models/person/
COPY models/person/golden /opt/edgedet/models/person/golden

# the user edgedet
USER 10001
WORKDIR /var/lib/edgedet
VOLUME ["/var/lib/edgedet"]
# the service itself says whether it is alive; without http.listen there is nobody to ask
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["/opt/edgedet/bin/edgedet", "health", "/etc/edgedet/edgedet.yaml"]
ENTRYPOINT ["/opt/edgedet/bin/edgedet"]
CMD ["run", "/etc/edgedet/edgedet.yaml"]
