FROM node:20-slim AS packages
WORKDIR /app
# packages that would report their installation
ENV IBM_TELEMETRY_DISABLED=true SCARF_ANALYTICS=false
COPY package.json package-lock.json ./
# not npm ci: see scripts/install.mjs
RUN npm install --no-save --no-audit --no-fund --omit=dev

FROM packages AS build
RUN npm install --no-save --no-audit --no-fund
COPY tsconfig.json ./
COPY src src
COPY jobs jobs
COPY queues queues
COPY sql sql
COPY dashboard dashboard
COPY scripts scripts
RUN npm run build

FROM node:20-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8060
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY sql/migrations sql/migrations
USER node
EXPOSE 8060
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/main.js"]
CMD ["serve"]
