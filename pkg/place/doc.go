// Package place says where an IP address is: in which country and in which
// network (autonomous system); it knows the names of the countries, and finds
// places in text.
//
// A country is the ISO 3166-1 alpha-2 code of an officially assigned territory,
// or ZZ where it is unknown. A network is an AS number, or 0.
//
// The data is embedded (data/README.md says whose it is and how old) and can be
// replaced by MaxMind DB files of the operator's. Either way it is read whole
// by [Open], which takes a few dozen milliseconds for the embedded data, and
// is then only memory: look-ups never fail, never wait and never allocate, and
// an operator may replace a file while Outcry runs; the new one counts from
// the next start.
//
// A [Gazetteer] finds the country that words name: a profile's location or a
// post. It knows cities, states and countries in many languages and scripts, and
// answers only when one country is meant.
package place

//go:generate ./data/refresh
//go:generate ./data/refresh-names
