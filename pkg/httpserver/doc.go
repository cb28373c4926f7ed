// Package httpserver is what every role's HTTP side shares: a gin router with
// the middleware that no request goes without, the calls by which machines
// watch a process (/healthz, /readyz, /metrics), and a server with every
// timeout set that drains when it is told to stop.
//
// Guarantees. A panic becomes an internal problem and ends one request, not the
// process. A body is never read past its limit. Neither the request log nor the
// server's own messages hold an address, a query or a header. Paths under /v1
// are answered with problem details and all others with pages, also when no
// route matches.
package httpserver
