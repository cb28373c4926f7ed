package redis

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// keys builds the name of every key. A partition's keys begin with its hash
// tag: "outcry:{p07}:".
type keys struct {
	bases [live.Partitions]string
}

func newKeys(prefix string) *keys {
	k := &keys{}
	for p := range k.bases {
		k.bases[p] = fmt.Sprintf("%s:{p%02d}:", prefix, p)
	}
	return k
}

// epoch names the partition's life, once it has been rebuilt.
func (k *keys) epoch(p int) string { return k.bases[p] + "epoch" }

// lease says which detector owns the partition: "<fence>|<owner>".
func (k *keys) lease(p int) string { return k.bases[p] + "lease" }

// fence is the number of the last acquisition. It never expires.
func (k *keys) fence(p int) string { return k.bases[p] + "fence" }

// seq is the last sequence number given to a change.
func (k *keys) seq(p int) string { return k.bases[p] + "seq" }

// changed is a sorted set: series by the sequence number of their last change.
func (k *keys) changed(p int) string { return k.bases[p] + "changed" }

// hours is a hash: hour to the first sequence number given in it.
func (k *keys) hours(p int) string { return k.bases[p] + "hours" }

// log is the stream on its way to the archive.
func (k *keys) log(p int) string { return k.bases[p] + "log" }

// logEnd counts the bytes ever written to the log.
func (k *keys) logEnd(p int) string { return k.bases[p] + "log:end" }

// logStart counts the bytes ever trimmed from the log.
func (k *keys) logStart(p int) string { return k.bases[p] + "log:start" }

// outages is a hash: id to rank and JSON.
func (k *keys) outages(p int) string { return k.bases[p] + "outages" }

// finals is a sorted set: ids of final outages by the time to forget them.
func (k *keys) finals(p int) string { return k.bases[p] + "finals" }

// view is what the partition's owner sees, as JSON.
func (k *keys) view(p int) string { return k.bases[p] + "view" }

// detectors is a sorted set: owners by the time at which they count as gone.
// The installation has one.
func (k *keys) detectors() string { return k.bases[homePartition] + "detectors" }

// covered marks that a source's minute is on the log.
func (k *keys) covered(source outage.Source, minute time.Time) string {
	return k.bases[homePartition] + "covered:" + string(source) + ":" + strconv.FormatInt(minute.Unix()/60, 10)
}

// countries is a set: where the service has been heard of.
func (k *keys) countries(p int, service string) string {
	return string(k.appendCountries(nil, p, service))
}

// counts is a hash: minute of the hour, two digits, to distinct reporters.
func (k *keys) counts(p int, s outage.Series, hour int64) string {
	return string(k.appendCounts(nil, p, s.Service, s.Country, hour))
}

// evidence is a set: distinct origins, networks and sources of a series' hour.
func (k *keys) evidence(p int, s outage.Series, hour int64) string {
	return string(k.appendEvidence(nil, p, s.Service, s.Country, hour))
}

// full is a set: the evidence keys that, as of an hour, have reached their cap.
func (k *keys) full(p int, hour int64) string {
	return k.bases[p] + "full:" + strconv.FormatInt(hour, 10)
}

// recent says which half of what is recent takes new entries, "0" or "1", and
// since when.
func (k *keys) recent(p int) string { return k.bases[p] + "recent" }

// recentHalf is a hash: the markers of reporters who were counted and the
// receipts of reports, as fields.
func (k *keys) recentHalf(p, half int) string { return k.bases[p] + "recent:" + strconv.Itoa(half) }

func (k *keys) appendCountries(dst []byte, p int, service string) []byte {
	dst = append(dst, k.bases[p]...)
	dst = append(dst, "countries:"...)
	return append(dst, service...)
}

func (k *keys) appendCounts(dst []byte, p int, service, country string, hour int64) []byte {
	dst = append(dst, k.bases[p]...)
	return appendCell(append(dst, "counts:"...), service, country, hour)
}

func (k *keys) appendEvidence(dst []byte, p int, service, country string, hour int64) []byte {
	dst = append(dst, k.bases[p]...)
	return appendCell(append(dst, "evidence:"...), service, country, hour)
}

func appendCell(dst []byte, service, country string, hour int64) []byte {
	dst = append(append(dst, service...), ':')
	dst = append(append(dst, country...), ':')
	return strconv.AppendInt(dst, hour, 10)
}

// appendSeat names a sorted set: the reporters counted at one address, by time.
func (k *keys) appendSeat(dst []byte, p int, service string, seat outage.Hash) []byte {
	dst = append(dst, k.bases[p]...)
	dst = append(append(append(dst, "seat:"...), service...), ':')
	return base64.RawURLEncoding.AppendEncode(dst, seat[:])
}

// appendIDField names a report's receipt in what is recent.
func appendIDField(dst []byte, id outage.ID) []byte {
	return append(append(dst, 'i'), id[:]...)
}

// appendMarkerField names a reporter's marker for a service in what is recent.
func appendMarkerField(dst []byte, service string, reporter outage.Hash) []byte {
	dst = append(append(dst, 'm'), reporter[:]...)
	return append(dst, service...)
}
