// Package outage is Outcry's vocabulary: what people report, what the detector
// concludes from it, and the errors by which the parts tell each other what
// went wrong. It depends on the standard library alone, so that every part can
// depend on it.
//
// Times are UTC. Rates are distinct reporters per minute. Scores are in nats:
// the negative natural logarithm of a probability.
package outage
