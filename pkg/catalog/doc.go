// Package catalog knows the services that people can report: what they are
// called, to whom their users complain, where they are at home, and what can
// be wrong with them.
//
// The catalog that Outcry ships is catalog.yaml, embedded; an operator's file
// replaces it or, with "extends: default" at its top, adds to it and overrides
// services by slug. A file is checked as a whole when it is read: an unknown
// key, a slug twice, a country that does not exist are errors that name the
// line. A [Catalog] never changes afterwards and may be used from many
// goroutines at once.
package catalog
