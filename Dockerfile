# syntax=docker/dockerfile:1
# One image per process, all from the same layers: `docker build --target api|worker|sandbox|migrate .`
# The commands are the ones the tests run; Node runs our code as it is, only the operators' page is built.

FROM node:24-bookworm-slim AS manifests
WORKDIR /app
COPY .npmrc package.json package-lock.json ./
COPY apps/api/package.json apps/api/
COPY apps/dashboard/package.json apps/dashboard/
COPY apps/sandbox/package.json apps/sandbox/
COPY apps/worker/package.json apps/worker/
COPY packages/core/package.json packages/core/
COPY packages/db/package.json packages/db/
COPY packages/platforms/package.json packages/platforms/
COPY packages/queue/package.json packages/queue/
COPY packages/runtime/package.json packages/runtime/
COPY packages/testing/package.json packages/testing/

# The Prisma client is generated code; what generates it stays out of the images.
FROM manifests AS generated
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY prisma prisma
COPY scripts/postinstall.mjs scripts/install-stamp.mjs scripts/prisma-client.mjs scripts/
RUN node scripts/postinstall.mjs

# The operators' page is the one thing that is built: a browser cannot run it as it is.
FROM generated AS dashboard
COPY tsconfig.json ./
COPY apps/dashboard apps/dashboard
RUN node apps/dashboard/build.ts

# Our modules without their types: what strips them stays in a process's memory.
FROM generated AS stripped
COPY packages packages
COPY apps apps
COPY scripts/strip-types.mjs scripts/
RUN node scripts/strip-types.mjs

# Optional packages too: the Prisma CLI is an optional peer of its client, and would come along with all it needs.
FROM manifests AS production
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund
COPY prisma/schema.prisma prisma/
COPY scripts/postinstall.mjs scripts/install-stamp.mjs scripts/prisma-client.mjs scripts/
RUN node scripts/postinstall.mjs

FROM node:24-bookworm-slim AS base
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0
COPY --from=production /app ./
COPY packages packages
COPY --from=generated /app/packages/db/src/generated packages/db/src/generated
COPY --from=stripped /app/node_modules/.cache/punctual-types node_modules/.cache/punctual-types
# The API looks here whether the database fits its version.
COPY prisma/migrations prisma/migrations
USER node

# Runs once, before the others of its version: brings the database up to date. Seeds demo data if told to.
FROM base AS migrate
COPY scripts/db-migrate.ts scripts/db-restored.ts scripts/db-seed.ts scripts/demo-accounts.ts scripts/keys-rotate.ts scripts/env-file.ts scripts/
CMD ["node", "scripts/db-migrate.ts"]

FROM base AS sandbox
COPY apps/sandbox apps/sandbox
EXPOSE 3002
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.SANDBOX_PORT || 3002}/livez`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/sandbox/src/main.ts"]

FROM base AS worker
COPY apps/worker apps/worker
EXPOSE 3001
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.WORKER_PORT || 3001}/livez`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/worker/src/main.ts"]

FROM base AS api
COPY apps/api apps/api
COPY --from=dashboard /app/apps/dashboard/dist apps/dashboard/dist
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/livez`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "apps/api/src/main.ts"]
