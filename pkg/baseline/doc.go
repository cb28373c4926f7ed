// Package baseline holds what is usual: how many reports a minute to expect of
// a series at an hour of the week.
package baseline

// Version is the version of the encoded model.
const Version = 1

// Countries is what is known of the countries' habits over all services.
type Countries struct{}
