package outage

import "strings"

// worksSuffix ends the names under which counter-votes are counted. No slug has a "~".
const worksSuffix = "~works"

// WorksFor names the series of those who say that a service works for them. They
// are reports like others, each person once an hour, kept and logged in the same
// way, but counted under a name of their own: whoever counts complaints never
// meets them, and one person may say both.
func WorksFor(service string) string { return service + worksSuffix }

// IsWorks reports whether a name is one of WorksFor. Such series are no
// complaints: they are not judged, and nothing is learned from them.
func IsWorks(service string) bool { return strings.HasSuffix(service, worksSuffix) }

// WithoutVote returns the service that a name of WorksFor is about, any other name as it is.
func WithoutVote(service string) string { return strings.TrimSuffix(service, worksSuffix) }
