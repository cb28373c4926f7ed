// Package detect decides when counts are an outage: pure functions of counts,
// baseline and time. It has no clock, does no I/O and starts no goroutine, so
// that a replay and the live system run the same code.
package detect
