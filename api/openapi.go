package api

import _ "embed"

// OpenAPI is the description of the HTTP API, in YAML. It is what package spec and
// package client are generated from.
//
//go:embed openapi.yaml
var OpenAPI []byte
