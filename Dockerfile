# One image for gateway, worker and beat: the command says which. `--target migrate` is the one that brings the database
# up to date. deploy/check-image-steps.sh goes through these very lines where there is no image engine.
FROM node:20-bookworm-slim AS base
WORKDIR /app
ENV CHECKPOINT_DISABLE=1 NPM_CONFIG_FUND=false NPM_CONFIG_AUDIT=false NPM_CONFIG_UPDATE_NOTIFIER=false

# What decides the dependencies and nothing else: an edit of a source file does not install them anew.
FROM base AS manifests
COPY . .
RUN mkdir /manifests \
 && find . -name package.json -not -path '*/node_modules/*' -exec cp --parents '{}' /manifests ';' \
 && cp --parents package-lock.json tools/postinstall.mjs /manifests

FROM base AS deps
COPY --from=manifests /manifests ./
RUN npm ci

FROM deps AS build
COPY . .
RUN npm run generate
RUN npm run build -- --projects=gateway,worker,beat,dashboard
RUN mkdir /built \
 && cp --parents -r apps/*/dist libs/*/dist deploy/health.mjs /built \
 && find /built -name '*.d.ts' -delete -o -name '*.map' -delete -o -name '*.tsbuildinfo' -delete

FROM base AS modules
COPY --from=manifests /manifests ./
# Prisma's command line and what only it uses come along as optional peers of its client: half of the size.
RUN npm ci --omit=dev --workspace=@lovage/gateway --workspace=@lovage/worker --workspace=@lovage/beat \
 && cd node_modules \
 && rm -rf prisma typescript effect elkjs react-dom @electric-sql @prisma/dev @prisma/engines @prisma/fetch-engine \
    @prisma/query-plan-executor @prisma/streams-local @prisma/studio-core

# Prisma's command line is a development dependency, which the apps' image is spared.
FROM deps AS migrate
COPY prisma prisma
COPY prisma.config.ts ./
COPY tools/schema-engine.mjs tools/
COPY deploy/migrate.mjs deploy/
COPY deploy/migrated.mjs deploy/
USER node
CMD ["node", "deploy/migrate.mjs"]

FROM base AS app
# Two arenas: each thread of V8 would take one of its own, some 4 MB a process.
ENV NODE_ENV=production DATA_DIR=/data HOST=0.0.0.0 PORT=8000 MALLOC_ARENA_MAX=2
# A new volume takes the owner of the folder it covers.
RUN install -d -o node -g node -m 0700 /data
COPY --from=modules /app ./
COPY --from=build /built ./
USER node
VOLUME /data
# The apps stop in order on SIGTERM, so node may be the first process: `docker run --init` and the compose file put an
# init before it, which also buries orphans.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["node", "deploy/health.mjs", "gateway"]
EXPOSE 8000
CMD ["node", "apps/gateway/dist/main.js"]
