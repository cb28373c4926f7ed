// Package countcsv reads and writes recorded counts, the format in which counts
// enter and leave an installation and in which the detector is replayed:
//
//	time,service,country,reports
//	2017-11-03T08:00:00Z,whatsapp,NL,17
//
// The header is required. time is the start of a bucket, RFC 3339 in UTC, of
// the years 2000 to 2099; seconds are dropped. service is a slug, country a code
// that ISO 3166-1 assigns (ZZ for unknown), reports the distinct reporters in the
// bucket. Rows are in the order of time, one for a series and bucket; what is
// missing is zero.
//
// A bad row is an error that wraps outage.ErrInvalid and names the line and
// what was expected there.
package countcsv
