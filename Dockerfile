# Builds the region file and installs what runs; then an image that holds just that.
FROM node:26.10.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY geo-data/package.json geo-data/package-lock.json geo-data/.npmrc geo-data/
# The image's own Node is the pinned one, so the package that pins it for checkouts is left out with the dev packages.
RUN npm ci --omit=dev
COPY . .
RUN node src/main.ts geo build && rm -rf geo-data/node_modules

FROM node:26.10.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build --chown=root:root /app/package.json ./
COPY --from=build --chown=root:root /app/node_modules node_modules
COPY --from=build --chown=root:root /app/src src
COPY --from=build --chown=root:root /app/examples examples
COPY --from=build --chown=root:root /app/geo-data geo-data
COPY --from=build --chown=root:root /app/LICENSE /app/NOTICE ./
# The one place that is written to; everything else may be mounted read-only (docker run --read-only).
RUN mkdir -p /data /config && chown node:node /data
USER node
VOLUME ["/data"]
EXPOSE 8080 9080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.SHUDI_HEALTH_PORT ?? '8080') + '/.shudi/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "src/main.ts"]
CMD ["serve", "--config", "/config/shudi.yaml"]
