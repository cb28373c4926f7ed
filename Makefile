.DEFAULT_GOAL := help
SHELL := /bin/bash

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LINT     := go tool -modfile=.ci/tools/go.mod golangci-lint
OAPI     := go tool -modfile=.ci/tools/go.mod oapi-codegen
FUZZTIME ?= 10s
# What make test and make bench look at, for example PACKAGES=./pkg/place/...
PACKAGES ?= ./...

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ## Run every role in one process, on 127.0.0.1:8080
	go run .

.PHONY: build
build: ## Build bin/outcry, a static binary
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/outcry .

# The race detector needs a C compiler; without one the tests run without it. The
# package of the program itself tests whole processes under load, made of parts that
# are tested with it: there it is for make race, which takes three times as long.
RACE = $$(command -v "$${CC:-cc}" >/dev/null && echo -race)

.PHONY: test
test: check-generated ## Install the servers that tests need, vet, and run all tests
	.ci/install-servers
	go vet $(PACKAGES)
	packages=$$(go list $(PACKAGES)) && whole=$$(go list .) && \
	go test $(RACE) -timeout 12m $$(grep -vx "$$whole" <<<"$$packages") && \
	go test -timeout 12m $$(grep -x "$$whole" <<<"$$packages")

.PHONY: race
race: ## Run all tests with the race detector
	go test $(RACE) -timeout 30m $(PACKAGES)

.PHONY: bench
bench: ## Run the benchmarks
	go test -run '^$$' -bench . -benchmem -timeout 60m $(PACKAGES)

# Writes docs/detection.md and its pictures. A look in a few minutes: go run ./detector/bench/measure -quick
.PHONY: bench-detection
bench-detection: ## Measure the detector and the usual ones on simulated outages
	go run ./detector/bench/measure -out docs

.PHONY: generate
generate: ## Write the Go code that api/openapi.yaml says
	$(OAPI) -config api/spec/generate.yaml api/openapi.yaml
	$(OAPI) -config pkg/client/generate.yaml api/openapi.yaml

.PHONY: check-generated
check-generated: ## Fail if the generated code is not what api/openapi.yaml says
	@set -euo pipefail; fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; \
	for package in api/spec pkg/client; do \
		sed "s|^output:.*|output: $$fresh/code.go|" $$package/generate.yaml > $$fresh/generate.yaml; \
		$(OAPI) -config $$fresh/generate.yaml api/openapi.yaml; \
		diff -u $$package/$${package##*/}.gen.go $$fresh/code.go || { echo "run make generate and commit what it writes"; exit 1; }; \
	done

.PHONY: lint
lint: ## Run the linters and look for unformatted files
	$(LINT) run $(PACKAGES)

.PHONY: format
format: ## Format the code
	$(LINT) fmt

.PHONY: fuzz
fuzz: ## Fuzz each target for FUZZTIME (10s)
	@set -euo pipefail; \
	grep -rno --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' . | while IFS=: read -r file _ func; do \
		go test -run '^$$' -fuzz "^$${func#func }$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")" </dev/null; \
	done

.PHONY: cover
cover: ## Run all tests and write cover.out and cover.html
	go test -timeout 12m -coverpkg=./... -coverprofile=cover.out $(PACKAGES)
	go tool cover -html=cover.out -o cover.html
	go tool cover -func=cover.out | tail -1

.PHONY: clean
clean: ## Remove what was built; data/ stays
	rm -rf bin cover.out cover.html
