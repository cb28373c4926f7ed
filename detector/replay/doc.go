// Package replay runs the detector over recorded counts on a simulated clock,
// as fast as it can. It is how the detector is measured, and how anyone can see
// what Outcry would have said.
//
// The detector looks at the end of every bucket. Buckets longer than a minute
// are spread evenly, in whole numbers, over their minutes once they are over, so
// that no decision knows the future. A bucket that does not lie on the grid of
// the first one is moved on to it, by less than a step.
//
// Recorded counts have no origins: that condition is taken as met. While the
// whole file is silent, though at least 30 reports would have been usual, it is
// taken as unobserved: whoever recorded it had stopped.
//
// The file's end is the end of what is known: an outage that is open there is
// printed as ongoing.
package replay
