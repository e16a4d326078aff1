# Two stages: the build tools stay behind. One image for both roles: `docker run IMAGE worker` is a worker. The API listens
# on all addresses of its network, so it starts only with [[server.keys]] in its configuration, or where somebody says
# that nobody unknown can reach it (SHUNT_SERVER_ALLOW_UNAUTHENTICATED=true, as docker-compose.yml does).
#
# The images are those of a digest, so that a build next year is this build. To move on to a newer one, take the digest
# that `docker buildx imagetools inspect debian:12` prints; what Debian has mended since comes in with the upgrade below.
ARG BUILD_IMAGE=debian:12@sha256:9344f8b8992482f80cba753f323adeaf17690076c095ccff6cc9536be98185dc
ARG RUN_IMAGE=debian:12-slim@sha256:88200866dfff7ea7f5cbcb6ec7c8a701889efe6fe859fe64d6990e4b07ea4171

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY packages.txt ./
COPY scripts ./scripts
RUN scripts/install_packages.sh run
COPY . .
RUN scripts/build.sh release --target shunt -DSHUNT_BUILD_TESTS=OFF -DSHUNT_BUILD_BENCH=OFF -DSHUNT_BUILD_EXAMPLES=OFF \
    && cmake --build build/release --target sbom

FROM ${RUN_IMAGE}
RUN apt-get update && apt-get upgrade -y && apt-get install -y --no-install-recommends \
      ca-certificates espeak-ng libboost-json1.81.0 libcurl4 libhiredis0.14 libprometheus-cpp-core1.0 libre2-9 \
      libssl3 libtomlplusplus3 \
    && rm -rf /var/lib/apt/lists/* && groupadd --system --gid 10001 shunt \
    && useradd --system --uid 10001 --gid shunt --home /nonexistent shunt \
    && install -d -o shunt -g shunt -m 700 /var/lib/shunt/artifacts
# API and workers share this folder: a volume here takes its owner over.
ENV SHUNT_ARTIFACTS_DIRECTORY=/var/lib/shunt/artifacts
COPY --from=build /src/build/release/bin/shunt /usr/local/bin/shunt
# What is in that binary and from where, for scanners.
COPY --from=build /src/build/release/shunt.cdx.json /usr/local/share/shunt/shunt.cdx.json
USER shunt
EXPOSE 8080
ENTRYPOINT ["shunt"]
CMD ["serve", "--listen", "0.0.0.0:8080"]
