# syntax=docker/dockerfile:1
# A small image of `orgsnap serve`:
#
#   docker build -t orgsnap .
#   docker run -d --name orgsnap --read-only --cap-drop ALL --security-opt no-new-privileges --memory 3g \
#     -v /etc/orgsnap/jobs:/jobs:ro -v orgsnap-data:/data -v /etc/orgsnap/secrets:/run/secrets:ro \
#     -p 127.0.0.1:9300:9300 --stop-timeout 20 orgsnap
#
# In a job file: password = { file = "/run/secrets/insurer-ftp" }, readable by user 10001. One job by hand:
#   docker exec orgsnap orgsnap import /jobs/00010001.toml

FROM rust:1.95-slim-bookworm AS build
# The C compiler that ring, SQLite and zstd need is in this image.
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/target \
    CARGO_TARGET_DIR=/target cargo build --release --locked --bin orgsnap --bin orgsnap-archive-reader \
 && cp /target/release/orgsnap /target/release/orgsnap-archive-reader /usr/local/bin/

FROM debian:bookworm-slim
# TLS brings its own roots, time zones are built in: nothing of Debian's is needed but the C library, and a shell for
# the alerts of kind "command". WeCom's library of the session archive is mounted, and brings needs of its own (OpenSSL 3).
COPY --from=build /usr/local/bin/orgsnap /usr/local/bin/orgsnap-archive-reader /usr/local/bin/
# The volume gets this owner when it is first used.
RUN groupadd --gid 10001 orgsnap \
 && useradd --uid 10001 --gid orgsnap --no-create-home --home-dir /data --shell /usr/sbin/nologin orgsnap \
 && install -d -o orgsnap -g orgsnap -m 0700 /data \
 && install -d -m 0755 /jobs
USER 10001:10001
ENV ORGSNAP_DATA=/data LANG=C.UTF-8
VOLUME /data
EXPOSE 9300
# serve ends within ten seconds of it, with nothing half done.
STOPSIGNAL SIGTERM
# No curl is in the image; bash does without.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9300 && printf 'GET /healthz HTTP/1.1\\r\\nhost: localhost\\r\\nconnection: close\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["/usr/local/bin/orgsnap"]
CMD ["serve", "/jobs", "--listen", "0.0.0.0:9300"]
