// Package client asks an Outcry server. Its calls and models are generated from
// the description of the API (api/openapi.yaml), and depend on nothing else of
// this module.
package client
