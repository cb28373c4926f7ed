// Package archiver moves the log of the live state into the archive: what the
// partitions' owners do where the two are apart.
//
// A round reads entries from the beginning of a partition's log, commits them
// to the archive, and only then trims them from the log. It may die between any
// two of these steps: the next owner reads the same entries again, and the
// archive, which knows reports by their ids and outages by their revisions,
// takes nothing twice. An old owner that has lost the partition cannot trim.
//
// When the archive is away the log waits, and Drain fails until it is back.
//
// An entry that cannot be decoded, or that the archive calls invalid, would
// stop everything behind it for ever. It is dropped instead, loudly: an error
// on the log with its place, and a metric that should always be zero.
package archiver
