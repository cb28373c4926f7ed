package archive

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// seriesNumbers remembers the numbers that committed series have in the
// archive. Series are never deleted, so a number once known stays right.
type seriesNumbers struct {
	mu      sync.RWMutex
	numbers map[outage.Series]int64
}

func (s *seriesNumbers) get(series outage.Series) (int64, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	n, ok := s.numbers[series]
	return n, ok
}

func (s *seriesNumbers) add(numbers map[outage.Series]int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.numbers == nil {
		s.numbers = make(map[outage.Series]int64, len(numbers))
	}
	maps.Copy(s.numbers, numbers)
}

// number finds the numbers of series, and gives new ones theirs. The caller
// hands the answer to seriesNumbers.add once the transaction is committed.
func (a *Archive) number(ctx context.Context, t *tx, wanted map[outage.Series]struct{}) (map[outage.Series]int64, error) {
	numbers := make(map[outage.Series]int64, len(wanted))
	var unknown []outage.Series
	for series := range wanted {
		if n, ok := a.known.get(series); ok {
			numbers[series] = n
		} else {
			unknown = append(unknown, series)
		}
	}
	slices.SortFunc(unknown, compareSeries) // two writers lock in the same order
	for _, series := range unknown {
		n, err := numberNew(ctx, t, series)
		if err != nil {
			return nil, err
		}
		numbers[series] = n
	}
	return numbers, nil
}

func numberNew(ctx context.Context, t *tx, series outage.Series) (int64, error) {
	service, country := storable(series.Service), storable(series.Country)
	_, err := t.exec(ctx, `INSERT INTO series (partition, service, country) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		live.Partition(series.Service), service, country)
	if err != nil {
		return 0, err
	}
	var n int64
	err = t.QueryRowContext(ctx, `SELECT id FROM series WHERE service = $1 AND country = $2`, service, country).Scan(&n)
	return n, err
}

func compareSeries(a, b outage.Series) int {
	return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(a.Country, b.Country))
}

// seriesCount is a count on its way to minutes or quarters.
type seriesCount struct {
	series, at, count int64
}

// slot is a place in minutes or quarters.
type slot struct {
	series, at int64
}

// sorted lists counts by place, the order in which every writer locks rows.
func sorted(counts map[slot]int64) []seriesCount {
	list := make([]seriesCount, 0, len(counts))
	for place, count := range counts {
		list = append(list, seriesCount{place.series, place.at, count})
	}
	slices.SortFunc(list, func(a, b seriesCount) int {
		return cmp.Or(cmp.Compare(a.series, b.series), cmp.Compare(a.at, b.at))
	})
	return list
}

// perQuarter sums minutes by quarter.
func perQuarter(minutes map[slot]int64) map[slot]int64 {
	quarters := make(map[slot]int64, len(minutes))
	for place, count := range minutes {
		quarters[slot{place.series, floorDiv(place.at, minutesPerQuarter)}] += count
	}
	return quarters
}

// Units of time in which the archive counts.
const (
	minutesPerQuarter = 15
	minutesPerHour    = 60
	quartersPerHour   = 4
)

// minuteOf numbers the minutes from 1970 on.
func minuteOf(t time.Time) int64 { return floorDiv(t.Unix(), 60) }

func timeOfMinute(minute int64) time.Time { return time.Unix(minute*60, 0).UTC() }

// ceilMinute numbers the first minute that does not begin before t.
func ceilMinute(t time.Time) int64 {
	minute := minuteOf(t)
	if timeOfMinute(minute).Before(t) {
		minute++
	}
	return minute
}

// floorDiv rounds towards the past, also before 1970.
func floorDiv(n, by int64) int64 {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}

// partitionsClause is a condition on a column, "TRUE" for all partitions. The
// numbers are written into the text: they are ours, and one text serves both databases.
func partitionsClause(column string, partitions []int) (string, error) {
	seen := make(map[int]struct{}, len(partitions))
	list := make([]string, 0, len(partitions))
	for _, p := range partitions {
		if p < 0 || p >= live.Partitions {
			return "", fmt.Errorf("%w: partition %d is not one of 0 to %d", outage.ErrInvalid, p, live.Partitions-1)
		}
		if _, ok := seen[p]; !ok {
			seen[p] = struct{}{}
			list = append(list, strconv.Itoa(p))
		}
	}
	if len(list) == 0 {
		return "FALSE", nil
	}
	return column + " IN (" + strings.Join(list, ", ") + ")", nil
}

// storable makes a text fit for both databases: PostgreSQL refuses what is not
// UTF-8 and the zero byte, and what is refused would block the log for ever.
func storable(s string) string {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
