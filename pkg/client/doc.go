// Package client asks an Outcry server. Its calls and models are generated from
// the description of the API (api/openapi.yaml).
//
// New returns a client whose calls answer with what the server sent, or with an
// error: an *Error is what the server said was wrong. It waits and asks again
// when the server says that this helps (429 and 503 with Retry-After).
package client
