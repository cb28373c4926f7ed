// Package reference turns the description of the API into what a page shows of
// it: every call with its parameters, answers and a line for curl, and every
// schema with an example. Read fails on a description that says less than the
// page needs, so that a mistake stops the start and not a reader.
package reference
