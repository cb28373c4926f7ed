# syntax=docker/dockerfile:1

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
ARG VERSION=unknown
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /out/outcry . \
    && mkdir -p /out/data
# The licences of everything that is linked in; many ask to be passed on.
RUN --mount=type=cache,target=/go/pkg/mod \
    go list -deps -f '{{with .Module}}{{.Path}} {{.Dir}}{{end}}' . | sort -u | while read -r path dir; do \
        mkdir -p "/out/doc/$path" \
        && cp "$dir"/LICEN[CS]E* "$dir"/COPYING* "$dir"/NOTICE* "/out/doc/$path/" 2>/dev/null || true; \
    done \
    && cp pkg/place/data/README.md /out/doc/address-data.md

# No shell and no package manager; root certificates and a user without rights.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/outcry /usr/bin/outcry
COPY --from=build /out/doc /usr/share/doc/outcry

# The embedded stores, when neither Redis nor PostgreSQL is given: ./data.
WORKDIR /var/lib/outcry
COPY --from=build --chown=nonroot:nonroot /out/data data
VOLUME /var/lib/outcry/data

ENV OUTCRY_LISTEN=0.0.0.0:8080
EXPOSE 8080
USER nonroot
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["/usr/bin/outcry", "healthcheck"]
ENTRYPOINT ["/usr/bin/outcry"]
