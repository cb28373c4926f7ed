package bench

import "time"

// Series is what a peer sees of one country series of one service.
type Series struct {
	Counts []uint16  // distinct reporters a minute, from Start
	Start  time.Time // a whole UTC hour
	Warmup int       // minutes of history before the first minute that is scored; a multiple of a week
}

// Peer is a usual method. Score writes a statistic for each minute of the series
// into out (as long as Counts), computed from that minute and earlier ones only;
// the larger, the more abnormal; an alarm is a statistic at or above the peer's
// threshold, which the benchmark sets on outage-free data. Minutes before Warmup
// are left 0.
type Peer struct {
	Name  string
	About string // one line for the table's notes: formula and source
	Score func(s *Series, out []float32)
}

// Peers returns the peers in the order of the table.
func Peers() []Peer {
	return nil
}
