# docker build -t shunt .                         what runs: programs, libraries, data; no shell and no package manager
# docker build -t shunt:debian --target debian .  the same on Debian, to put generators of your own on
#
# One image for both roles: `docker run IMAGE worker` is a worker. The API listens on all addresses of its network, so it
# starts only with [[server.keys]] in its configuration, or where somebody says that nobody unknown can reach it
# (SHUNT_SERVER_ALLOW_UNAUTHENTICATED=true, as docker-compose.yml does). docs/decisions/0030 says why it has these stages.
#
# The images are those of a digest, so that a build next year is this build. To move on to a newer one, take the digest
# that `docker buildx imagetools inspect debian:12` prints; what Debian has mended since comes in with the upgrade below.
ARG BUILD_IMAGE=debian:12@sha256:9344f8b8992482f80cba753f323adeaf17690076c095ccff6cc9536be98185dc
ARG RUN_IMAGE=debian:12-slim@sha256:88200866dfff7ea7f5cbcb6ec7c8a701889efe6fe859fe64d6990e4b07ea4171

# The package `shunt`, as ./package makes it.
FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY packages.txt ./
COPY scripts/install_packages.sh ./scripts/
RUN scripts/install_packages.sh run package
COPY . .
# The cache is the builder's own: a later build compiles what has changed.
RUN --mount=type=cache,target=/var/cache/ccache \
    CCACHE_DIR=/var/cache/ccache scripts/build.sh release --target packaged_service -DSHUNT_BUILD_TESTS=OFF \
      -DSHUNT_BUILD_BENCH=OFF -DSHUNT_BUILD_EXAMPLES=OFF \
    && packaging/debian/make_packages.sh build/release /packages -D CPACK_COMPONENTS_ALL=shunt

# That package, installed. What it needs it says itself; its user has a number that volumes and pods can rely on.
# (A copy, not a mount: older builders' caches look at what is copied alone, and would install the package of before.)
FROM ${RUN_IMAGE} AS debian
COPY --from=build /packages /packages
RUN groupadd --system --gid 10001 shunt \
    && useradd --system --uid 10001 --gid shunt --home-dir /var/lib/shunt --shell /usr/sbin/nologin shunt \
    && apt-get update && apt-get upgrade -y \
    && apt-get install -y --no-install-recommends ca-certificates espeak-ng /packages/shunt_*.deb \
    && rm -rf /var/lib/apt/lists/* \
    && install -d -o shunt -g shunt -m 700 /var/lib/shunt/artifacts
ENV SHUNT_ARTIFACTS_DIRECTORY=/var/lib/shunt/artifacts
USER shunt
EXPOSE 8080
ENTRYPOINT ["shunt"]
CMD ["serve", "--listen", "0.0.0.0:8080"]

FROM debian AS root
USER root
COPY packaging/image/make_root.sh /
RUN /make_root.sh /image /usr/bin/shunt /usr/bin/espeak-ng

# What is in the image and from where, for scanners: CycloneDX and SPDX.
FROM build AS bills
COPY --from=root /image /image
RUN mkdir /bills && scripts/sbom.py --image /image build/release/bin/shunt /bills/shunt.cdx.json /bills/shunt.spdx.json

FROM scratch
COPY --from=root /image /
COPY --from=bills /bills /usr/share/shunt
# API and workers share this folder: a volume here takes its owner over.
COPY --from=root --chown=10001:10001 /var/lib/shunt /var/lib/shunt
ENV PATH=/usr/bin
ENV SHUNT_ARTIFACTS_DIRECTORY=/var/lib/shunt/artifacts
USER shunt
EXPOSE 8080
ENTRYPOINT ["shunt"]
CMD ["serve", "--listen", "0.0.0.0:8080"]
