# The image of docker-image-pusher: the portable package for Linux on a base that has a C library, certificates and no
# shell. Needs BuildKit or buildah, and the packages in dist/:
#
#     deno task package --platform linux-x86_64
#     docker build --tag docker-image-pusher .
#     docker run --rm -v "$PWD:/images:ro" -v pusher-home:/home/nonroot docker-image-pusher push /images/app.tar -t …
#
# In a closed network give a mirror of the base: --build-arg BASE=mirror.example.com/distroless/cc-debian12:nonroot
ARG BASE=gcr.io/distroless/cc-debian12:nonroot
ARG TARGETARCH

FROM scratch AS amd64
ADD dist/docker-image-pusher-linux-x86_64.tar.gz /

FROM scratch AS arm64
ADD dist/docker-image-pusher-linux-aarch64.tar.gz /

FROM ${TARGETARCH} AS package

FROM ${BASE}
COPY --from=package /docker-image-pusher-linux-* /opt/docker-image-pusher/
ENV DENO_DIR=/dev/null DENO_NO_UPDATE_CHECK=1 DENO_NO_PACKAGE_JSON=1
# The base has this directory, and volumes begin with the owner that it has there.
ENV HOME=/home/nonroot
VOLUME /home/nonroot
USER 65532:65532
# What the launcher of the package does, which needs a shell.
ENTRYPOINT ["/opt/docker-image-pusher/lib/deno", "run", "--quiet", "--no-config", "--no-lock", "--no-remote", "--no-npm", \
  "--cached-only", "--no-code-cache", "--node-modules-dir=manual", \
  "--v8-flags=--max-semi-space-size=1,--no-maglev,--no-turbofan", "--no-prompt", "--allow-net", "--allow-read", \
  "--allow-write", "--allow-env", "--allow-sys", "--allow-run", \
  "/opt/docker-image-pusher/lib/node_modules/docker-image-pusher/main.js"]
CMD ["--help"]

ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="docker-image-pusher" \
  org.opencontainers.image.description="Uploads image archives to container registries" \
  org.opencontainers.image.source="https://github.com/yorelog/docker-image-pusher" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}"
