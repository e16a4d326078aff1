# Two stages: the build tools stay behind. One image for both roles: `docker run IMAGE worker` is a worker. The API serves
# on port 8080 without authentication inside its own network; publish the port on loopback or configure
# [[server.keys]].
FROM debian:12 AS build
WORKDIR /src
COPY packages.txt ./
COPY scripts ./scripts
RUN scripts/install_packages.sh run
COPY . .
RUN scripts/build.sh release --target shunt -DSHUNT_BUILD_TESTS=OFF -DSHUNT_BUILD_BENCH=OFF -DSHUNT_BUILD_EXAMPLES=OFF

FROM debian:12-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
      ca-certificates espeak-ng libboost-json1.81.0 libcurl4 libhiredis0.14 libprometheus-cpp-core1.0 libre2-9 libspdlog1.10 \
      libssl3 libtomlplusplus3 \
    && rm -rf /var/lib/apt/lists/* && groupadd --system --gid 10001 shunt \
    && useradd --system --uid 10001 --gid shunt --home /nonexistent shunt \
    && install -d -o shunt -g shunt -m 700 /var/lib/shunt/artifacts
# API and workers share this folder: a volume here takes its owner over.
ENV SHUNT_ARTIFACTS_DIRECTORY=/var/lib/shunt/artifacts
COPY --from=build /src/build/release/bin/shunt /usr/local/bin/shunt
USER shunt
EXPOSE 8080
ENTRYPOINT ["shunt"]
CMD ["serve", "--listen", "0.0.0.0:8080", "--set", "server.allow_unauthenticated=true"]
