// Package spec is api/openapi.yaml in Go: the calls that package api has to
// answer, the query parameters that each of them knows, and the models of the
// answers. What is a type of the domain already is not made a second time: see
// overlay.yaml, which only this package is generated with.
//
// `make generate` writes it. The templates leave the reading of parameters to
// package api, which says better what was expected.
package spec
